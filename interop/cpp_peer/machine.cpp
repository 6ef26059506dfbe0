#include "interop/cpp_peer/machine.hpp"

#include <algorithm>
#include <array>

namespace proa::interop {
namespace {

constexpr std::size_t kMarksMax = std::size_t{1} << 20;
constexpr std::size_t kStateBytesMax = std::size_t{256} << 20;

void mix(std::uint64_t& digest, ByteView bytes) {
  for (const std::byte byte : bytes)
    digest = (digest ^ static_cast<std::uint64_t>(byte)) * 1099511628211U;
}

template <class Number>
void put(std::string& out, Number number) {
  for (std::size_t i = 0; i < sizeof(number); ++i)
    out.push_back(static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i) & 0xff));
}

class Image final : public Fsm::Snapshot {
 public:
  explicit Image(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<void> write_to(SnapshotSink& sink) override { return sink.write(view_of(bytes_)); }

 private:
  std::string bytes_;
};

Result<std::string> read_all(ByteSource& source) {
  std::string all;
  std::array<std::byte, 65536> buffer{};
  while (true) {
    PROA_TRY(const std::size_t count, source.read(buffer));
    if (count == 0) return all;
    all += text_of(ByteView{buffer}.first(count));
    if (all.size() > kStateBytesMax) return fail(Errc::corrupt, "snapshot: larger than 256 MiB");
  }
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}

  Result<std::uint64_t> number(std::size_t size) {
    PROA_TRY(const std::string_view bytes, take(size));
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i)
      value |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    return value;
  }

  Result<std::string> text() {
    PROA_TRY(const std::uint64_t size, number(4));
    PROA_TRY(const std::string_view bytes, take(size));
    return std::string{bytes};
  }

 private:
  Result<std::string_view> take(std::size_t size) {
    if (left_.size() < size) return fail(Errc::corrupt, "snapshot: cut off");
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }

  std::string_view left_;
};

}  // namespace

void Machine::apply(std::span<const Committed> batch, Responses&) {
  state_.with([&](State& state) {
    for (const Committed& entry : batch) {
      const std::string_view command = text_of(entry.command);
      if (const std::size_t equals = command.find('='); equals != std::string_view::npos)
        state.values[std::string{command.substr(0, equals)}] = command.substr(equals + 1);
      std::string index;
      put(index, entry.index.value);
      state.last.index = entry.index.value;
      mix(state.last.digest, view_of(index));
      mix(state.last.digest, entry.command);
      if (state.marks.size() < kMarksMax) state.marks.push_back(state.last);
    }
  });
}

Result<std::unique_ptr<Fsm::Snapshot>> Machine::snapshot() {
  std::string bytes = state_.with([](const State& state) {
    std::string out;
    put(out, state.last.digest);
    put(out, state.last.index);
    put(out, std::uint64_t{state.values.size()});
    for (const auto& [key, value] : state.values) {
      for (const std::string* text : {&key, &value}) {
        put(out, static_cast<std::uint32_t>(text->size()));
        out += *text;
      }
    }
    return out;
  });
  return std::make_unique<Image>(std::move(bytes));
}

Result<void> Machine::restore(ByteSource& source) {
  PROA_TRY(const std::string bytes, read_all(source));
  Reader in{bytes};
  State state;
  PROA_TRY(state.last.digest, in.number(8));
  PROA_TRY(state.last.index, in.number(8));
  PROA_TRY(std::uint64_t left, in.number(8));
  for (; left > 0; --left) {
    PROA_TRY(std::string key, in.text());
    PROA_TRY(state.values[std::move(key)], in.text());
  }
  state.marks = {state.last};
  state_.with([&](State& current) { current = std::move(state); });
  return {};
}

std::optional<std::string> Machine::get(const std::string& key) const {
  return state_.with([&](const State& state) -> std::optional<std::string> {
    const auto found = state.values.find(key);
    if (found == state.values.end()) return std::nullopt;
    return found->second;
  });
}

std::optional<Mark> Machine::at(std::uint64_t index) const {
  return state_.with([&](const State& state) -> std::optional<Mark> {
    const auto behind = std::upper_bound(
        state.marks.begin(), state.marks.end(), index,
        [](std::uint64_t wanted, const Mark& mark) { return wanted < mark.index; });
    if (behind == state.marks.begin()) return std::nullopt;
    return *(behind - 1);
  });
}

Mark Machine::last() const {
  return state_.with([](const State& state) { return state.last; });
}

}  // namespace proa::interop
