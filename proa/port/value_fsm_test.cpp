#include "proa/port/value_fsm.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace proa {

/// A type that must bring its own codec.
struct Stock {
  std::map<std::string, std::int64_t> pieces = {};
  friend bool operator==(const Stock&, const Stock&) = default;
};

template <>
struct ValueCodec<Stock> {
  static SharedBytes encode(const Stock& stock) {
    std::string text;
    for (const auto& [name, count] : stock.pieces)
      text += name + " " + std::to_string(count) + "\n";
    return SharedBytes::take(std::move(text));
  }
  static Result<Stock> decode(ByteView bytes) {
    Stock stock;
    std::string_view rest = text_of(bytes);
    while (!rest.empty()) {
      const std::size_t space = rest.find(' ');
      const std::size_t end = rest.find('\n');
      if (space == std::string_view::npos || end == std::string_view::npos) {
        return fail(Errc::corrupt, "a line of the stock is not whole");
      }
      const std::string count{rest.substr(space + 1, end - space - 1)};
      stock.pieces[std::string{rest.substr(0, space)}] = std::stoll(count);
      rest.remove_prefix(end + 1);
    }
    return stock;
  }
};

namespace {

struct MemorySink final : SnapshotSink {
  Result<void> write(ByteView more) override {
    bytes.insert(bytes.end(), more.begin(), more.end());
    return {};
  }
  Result<void> close() override { return {}; }
  Result<void> cancel() override { return {}; }
  const std::string& id() const override { return name; }
  std::vector<std::byte> bytes;
  std::string name = "memory";
};

/// Gives a few bytes at a time.
struct SlowSource final : ByteSource {
  explicit SlowSource(std::vector<std::byte> all) : bytes(std::move(all)) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    const std::size_t count = std::min({buffer.size(), bytes.size() - at, std::size_t{3}});
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), count, buffer.begin());
    at += count;
    return count;
  }
  std::vector<std::byte> bytes;
  std::size_t at = 0;
};

struct NobodyWaits final : Responses {
  bool wanted(std::size_t) const override { return false; }
  void set(std::size_t, std::any) override { ADD_FAILURE() << "not wanted"; }
};

struct OneWaits final : Responses {
  bool wanted(std::size_t position) const override { return position == 1; }
  void set(std::size_t position, std::any response) override {
    EXPECT_EQ(position, 1U);
    answer = std::move(response);
  }
  std::any answer;
};

struct Counter : ValueFsm<std::int64_t> {
  using ValueFsm::ValueFsm;
  std::any apply_one(std::int64_t& total, const Committed& entry) override {
    return total += as_int64(entry.command).value_or(0);
  }
};

template <class T>
struct Holder : ValueFsm<T> {
  using ValueFsm<T>::ValueFsm;
  std::any apply_one(T&, const Committed&) override { return {}; }
};

template <class T>
std::vector<std::byte> snapshot_of(const T& value) {
  Holder<T> holder{value};
  MemorySink sink;
  EXPECT_TRUE((*holder.snapshot())->write_to(sink));
  return sink.bytes;
}

template <class T>
void expect_survives(const T& value) {
  Holder<T> restored;
  SlowSource source{snapshot_of(value)};
  const Result<void> done = restored.restore(source);
  ASSERT_TRUE(done) << to_string(done.error());
  EXPECT_EQ(restored.value(), value);
}

TEST(ValueFsm, AppliesOneByOneAndAnswersWhoWaits) {
  Counter counter{40};
  const SharedBytes one = bytes_of(std::int64_t{1});
  const std::array<Committed, 3> batch{Committed{.index = {1}, .command = one},
                                       Committed{.index = {2}, .command = one},
                                       Committed{.index = {3}, .command = one}};
  OneWaits second;
  counter.apply(batch, second);
  EXPECT_EQ(std::any_cast<std::int64_t>(second.answer), 42);
  NobodyWaits nobody;
  counter.apply(batch, nobody);
  EXPECT_EQ(counter.value(), 46);
}

TEST(ValueFsm, SnapshotsOfEveryKindOfValueSurvive) {
  enum class Colour : std::uint8_t { red, green };
  struct Point {
    int x = 0;
    int y = 0;
    bool operator==(const Point&) const = default;
  };
  expect_survives(std::int64_t{-5});
  expect_survives(std::uint8_t{200});
  expect_survives(true);
  expect_survives(Colour::green);
  expect_survives(std::string{"text\0with zero", 14});
  expect_survives(std::string{});
  expect_survives(Point{.x = 3, .y = -4});
  expect_survives(Stock{.pieces = {{"apples", 3}, {"pears", -1}}});
}

TEST(ValueFsm, ASnapshotBeginsWithItsMarkAndFormat) {
  const std::vector<std::byte> bytes = snapshot_of(std::int64_t{0x0102});
  ASSERT_EQ(bytes.size(), 16U);
  EXPECT_EQ(text_of(ByteView{bytes}.first(7)), "PROAVAL");
  EXPECT_EQ(bytes[7], std::byte{1});
  EXPECT_EQ(bytes[8], std::byte{2});
  EXPECT_EQ(bytes[9], std::byte{1});
}

TEST(ValueFsm, RefusesWhatItHasNotWritten) {
  const auto refused = [](std::vector<std::byte> bytes) {
    Counter counter{7};
    SlowSource source{std::move(bytes)};
    const Result<void> restored = counter.restore(source);
    EXPECT_FALSE(restored);
    EXPECT_EQ(counter.value(), 7);
    return restored ? Errc::shutdown : restored.error().code;
  };
  EXPECT_EQ(refused({}), Errc::corrupt);
  EXPECT_EQ(refused(std::vector<std::byte>(16, std::byte{9})), Errc::corrupt);
  EXPECT_EQ(refused(snapshot_of(std::string{"too long for a number"})), Errc::corrupt);
  std::vector<std::byte> newer = snapshot_of(std::int64_t{1});
  newer[7] = std::byte{2};
  EXPECT_EQ(refused(newer), Errc::unsupported_protocol);
}

}  // namespace
}  // namespace proa
