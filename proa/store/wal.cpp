#include "proa/store/wal.hpp"

#include "proa/base/mutant.hpp"
#include "proa/store/detail/directory.hpp"
#include "proa/store/detail/wal_writer.hpp"

namespace proa {
namespace {

constexpr std::size_t kPlacesMax = 64;  // batches looked up at once
constexpr int kReadsMax = 8;            // a read that met a recycled segment looks again

}  // namespace

struct Wal::Shared : store::WalShared {};
class Wal::Writer : public store::WalWriter {
  using store::WalWriter::WalWriter;
};

Wal::Wal(std::shared_ptr<FileSystem> files, std::string directory, WalOptions options)
    : files_(std::move(files)), directory_(std::move(directory)), options_(options) {}

Wal::~Wal() = default;

Result<LogSummary> Wal::open() {
  writer_.reset();
  shared_ = std::make_unique<Shared>();
  writer_ = std::make_unique<Writer>(*files_, directory_, options_, *shared_);
  return unless_failed([&]() -> Result<LogSummary> {
    PROA_TRY(LogSummary summary, writer_->open());
    PROA_TRY(recycle_all());
    return summary;
  });
}

/// Runs what changes the disk, unless something of the kind has failed before.
template <class F>
auto Wal::unless_failed(F&& change) -> decltype(change()) {
  PROA_ASSERT(writer_ != nullptr);
  const auto failed = shared_->work.with([](const auto& work) { return work.failed; });
  if (failed && !mutant("failed write of the log repeated")) {
    return fail(failed->code, directory_ +
                                  ": an earlier write failed, what the disk holds is "
                                  "unknown; restart the server. It was: " +
                                  failed->detail);
  }
  auto done = change();
  if (done) return done;
  shared_->work.with([&](auto& work) {
    if (!work.failed) work.failed = done.error();
  });
  if (done.error().code == Errc::io_error) store::note_failed_sync(*files_, directory_);
  return done;
}

Result<void> Wal::write(const LogBatch& batch) {
  return unless_failed([&] { return writer_->write(batch); });
}

Result<void> Wal::truncate_prefix(LogIndex last_removed) {
  return unless_failed([&] { return writer_->truncate_prefix(last_removed); });
}

bool Wal::ready_for(std::size_t bytes) const {
  if (bytes >= kInlineWriteMax) return false;
  const std::uint64_t room = shared_->work.with([](const auto& work) { return work.room; });
  return store::kBatchHeaderBytes + bytes <= room;
}

Result<bool> Wal::prepare() {
  return unless_failed([&] { return prepare_step(); });
}

Result<bool> Wal::prepare_step() {
  PROA_TRY(const bool recycled, recycle_one());
  if (recycled) return true;
  PROA_TRY(const bool written, write_one_footer());
  if (written) return true;
  const bool wanted =
      shared_->work.with([](const auto& work) { return work.room < work.data_bytes / 2; });
  if (!wanted || shared_->spares->has_ready()) return false;
  return shared_->spares->prepare_step();
}

/// False: there was none.
Result<bool> Wal::recycle_one() {
  const auto dead = shared_->work.with([](auto& work) -> std::shared_ptr<const store::Segment> {
    if (work.dead.empty()) return nullptr;
    auto oldest = std::move(work.dead.front());
    work.dead.pop_front();
    return oldest;
  });
  if (dead == nullptr) return false;
  PROA_TRY(const bool recycled, shared_->spares->recycle(*dead));
  shared_->work.with(
      [&](auto& work) { ++(recycled ? work.counters.recycled : work.counters.removed); });
  return true;
}

Result<void> Wal::recycle_all() {
  while (true) {
    PROA_TRY(const bool more, recycle_one());
    if (!more) return {};
  }
}

/// False: there was none to write.
Result<bool> Wal::write_one_footer() {
  const auto full = shared_->work.with([](auto& work) -> std::optional<store::FullSegment> {
    if (work.full.empty()) return std::nullopt;
    auto oldest = std::move(work.full.front());
    work.full.pop_front();
    return oldest;
  });
  if (!full) return false;
  store::Segment& segment = *full->segment;
  const std::vector<std::byte> footer = encode(full->footer, segment.header);
  PROA_TRY(segment.file->write_at(segment.header.data_bytes, ByteView{footer}));
  PROA_TRY(segment.file->sync());
  shared_->work.with([](auto& work) { ++work.counters.footers; });
  return true;
}

Result<EntryView> Wal::read(IndexRange range, std::size_t bytes_max) const {
  PROA_ASSERT(writer_ != nullptr);
  std::optional<Error> damage;
  for (int attempt = 0; attempt < kReadsMax; ++attempt) {
    auto read = read_once(range, bytes_max);
    if (read || read.error().code != Errc::corrupt) return read;
    // Rot, unless the segment was recycled while we were reading it.
    if (damage && *damage == read.error()) return read;
    damage = std::move(read).error();
  }
  return fail(*std::move(damage));
}

Result<EntryView> Wal::read_once(IndexRange range, std::size_t bytes_max) const {
  EntryView entries;
  std::optional<std::uint64_t> cuts;
  while (!range.empty()) {
    auto [places, cuts_now] = shared_->index.with([&](const store::WalIndex& index) {
      return std::pair{index.find(range, kPlacesMax), index.cuts()};
    });
    if (places.empty() || cuts.value_or(cuts_now) != cuts_now) break;
    cuts = cuts_now;
    for (const store::BatchPlace& place : places) {
      PROA_TRY(const EntryView batch, read_place(place));
      const IndexRange wanted{std::max(range.first, place.live.first),
                              std::min(range.last, place.live.last)};
      const EntryView part = batch.sub(wanted);
      const std::size_t room = bytes_max - std::min(bytes_max, entries.encoded_bytes());
      const EntryView fitting = part.prefix(SIZE_MAX, room);
      if (!entries.empty() && fitting.encoded_bytes() > room) return entries;
      entries.append(fitting);
      if (fitting.size() < part.size()) return entries;
      range.first = next(entries.last_index());
      if (range.empty()) return entries;
    }
  }
  if (!entries.empty()) return entries;
  return fail(Errc::log_not_found, "entry " + to_string(range.first) + " is not in the log");
}

Result<EntryView> Wal::read_place(const store::BatchPlace& place) const {
  const store::Segment& segment = *place.segment;
  PROA_TRY(const store::FoundBatch batch, store::read_batch(segment, place.offset));
  const bool is_in_its_place =
      batch.header.segment == segment.header.sequence && batch.header.batch == place.batch;
  if (batch.whole && !is_in_its_place) {
    return fail(Errc::corrupt, segment.place(place.offset) + ", entry " +
                                   to_string(place.live.first) +
                                   ": another batch stands in its place");
  }
  if (!batch.whole) {
    return fail(Errc::corrupt, segment.place(place.offset) + ", entry " +
                                   to_string(place.live.first) +
                                   ": the batch does not match its checksum");
  }
  return store::decode_entries(segment, place.offset, batch);
}

WalCounters Wal::counters() const {
  return shared_->work.with([](const auto& work) { return work.counters; });
}

}  // namespace proa
