#include "proa/store/detail/wal_spares.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "proa/store/detail/directory.hpp"

namespace proa::store {
namespace {

constexpr std::string_view kSuffix = ".spare";

std::optional<std::uint64_t> number_of(std::string_view name) {
  if (!name.ends_with(kSuffix)) return std::nullopt;
  name.remove_suffix(kSuffix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return number;
}

}  // namespace

Result<void> SpareSegments::find() {
  PROA_TRY(const auto entries, files_.list(directory_));
  Shared found;
  for (const DirectoryEntry& entry : entries) {
    const auto number = number_of(entry.name);
    if (!number || entry.is_directory) continue;
    found.last_number = std::max(found.last_number, *number);
    const std::string path = join(directory_, entry.name);
    PROA_TRY(const auto file, files_.open(path, OpenMode::write));
    PROA_TRY(const std::uint64_t size, file->size());
    if (size < data_bytes_ || found.ready.size() == kReadyMax) {
      PROA_TRY(files_.remove(path));
      continue;
    }
    if (size > data_bytes_) PROA_TRY(file->truncate(data_bytes_));
    std::array<std::byte, 4> beginning{};
    PROA_TRY(read_padded(*file, 0, beginning));
    found.ready.push_back({.name = entry.name, .recycled = beginning[0] != std::byte{}});
  }
  shared_.with([&](Shared& shared) { shared = std::move(found); });
  return {};
}

std::optional<SpareSegments::Spare> SpareSegments::take() {
  return shared_.with([](Shared& shared) -> std::optional<Spare> {
    if (shared.ready.empty()) return std::nullopt;
    Spare spare = std::move(shared.ready.front());
    shared.ready.erase(shared.ready.begin());
    return spare;
  });
}

bool SpareSegments::has_ready() const {
  return shared_.with([](const Shared& shared) { return !shared.ready.empty(); });
}

std::string SpareSegments::new_name() {
  const std::uint64_t number = shared_.with([](Shared& shared) { return ++shared.last_number; });
  return std::to_string(number) + std::string(kSuffix);
}

Result<SpareSegments::Unfinished> SpareSegments::begin() {
  Unfinished spare{.name = new_name()};
  PROA_TRY(spare.file, files_.open(join(directory_, spare.name), OpenMode::create_new));
  return spare;
}

/// What could not be finished goes: a full disk would stay full of it.
Result<void> SpareSegments::write_chunk(Unfinished& spare) const {
  auto written = write_zeros(spare);
  if (!written) (void)files_.remove(join(directory_, spare.name));  // the first error says more
  return written;
}

Result<void> SpareSegments::write_zeros(Unfinished& spare) const {
  const std::uint64_t end = std::min(spare.written + kStepBytes, data_bytes_);
  const std::vector<std::byte> zeros(kPieceBytes);
  while (spare.written < end) {
    const ByteView piece =
        ByteView{zeros}.first(std::min<std::uint64_t>(kPieceBytes, end - spare.written));
    PROA_TRY(spare.file->write_at(spare.written, piece));
    spare.written += piece.size();
  }
  return spare.file->sync();
}

Result<SpareSegments::Spare> SpareSegments::make() {
  PROA_TRY(Unfinished spare, begin());
  while (spare.written < data_bytes_)
    PROA_TRY(write_chunk(spare));
  return Spare{.name = std::move(spare.name)};
}

Result<SpareSegments::Spare> SpareSegments::make_empty() {
  PROA_TRY(Unfinished spare, begin());
  return Spare{.name = std::move(spare.name)};
}

Result<bool> SpareSegments::prepare_step() {
  if (!unfinished_) {
    PROA_TRY(unfinished_, begin());
  }
  if (auto written = write_chunk(*unfinished_); !written) {
    unfinished_.reset();  // as long as it is open, its room is taken
    return fail(std::move(written).error());
  }
  if (unfinished_->written < data_bytes_) return true;
  shared_.with([&](Shared& shared) { shared.ready.push_back({.name = unfinished_->name}); });
  unfinished_.reset();
  return false;
}

Result<bool> SpareSegments::recycle(const Segment& segment) {
  const bool enough =
      shared_.with([](const Shared& shared) { return shared.ready.size() >= kReadyMax; });
  const std::string path = join(directory_, segment.name);
  if (enough || segment.header.data_bytes != data_bytes_) {
    PROA_TRY(files_.remove(path));
    PROA_TRY(files_.sync_directory(directory_));
    return false;
  }
  // Its old name must be gone for good before anything in it changes.
  const Spare spare{.name = new_name(), .recycled = true};
  PROA_TRY(files_.rename(path, join(directory_, spare.name)));
  PROA_TRY(files_.sync_directory(directory_));
  PROA_TRY(const auto file, files_.open(join(directory_, spare.name), OpenMode::write));
  PROA_TRY(file->truncate(data_bytes_));  // without its footer
  shared_.with([&](Shared& shared) { shared.ready.push_back(spare); });
  return true;
}

}  // namespace proa::store
