#include "proa/store/detail/wal_writer.hpp"

#include <algorithm>

#include "proa/base/mutant.hpp"
#include "proa/store/detail/directory.hpp"
#include "proa/wire/entry_codec.hpp"

namespace proa::store {
namespace {

/// The encoded entries as few pieces: those of one block lie one behind the other.
class Pieces {
 public:
  void add(ByteView bytes) {
    if (bytes.empty()) return;
    if (!pieces_.empty() && pieces_.back().data() + pieces_.back().size() == bytes.data()) {
      pieces_.back() = ByteView{pieces_.back().data(), pieces_.back().size() + bytes.size()};
    } else {
      pieces_.push_back(bytes);
    }
  }
  void add(const EntryView& entries) {
    entries.for_each([this](const Entry& entry) {
      add(entry.head);
      if (entry.data_apart) add(entry.data);
      add(entry.tail);
    });
  }
  std::uint32_t crc(std::uint32_t seed) const {
    for (const ByteView piece : pieces_)
      seed = crc32c(piece, seed);
    return seed;
  }
  void put_first(ByteView bytes) { pieces_.insert(pieces_.begin(), bytes); }
  std::span<const ByteView> view() const { return pieces_; }

 private:
  std::vector<ByteView> pieces_;
};

}  // namespace

WalWriter::WalWriter(FileSystem& files, std::string directory, WalOptions options,
                     WalShared& shared)
    : files_(files),
      directory_(std::move(directory)),
      options_(options),
      shared_(shared),
      random_(options.seed) {
  PROA_ASSERT(options.segment_bytes >= WalOptions::kSegmentBytesMin);
  PROA_ASSERT(options.segment_bytes <= WalOptions::kSegmentBytesMax);
}

Result<LogSummary> WalWriter::open() {
  PROA_TRY(make_durable_directory(files_, directory_));
  block_bytes_ = static_cast<std::uint32_t>(
      std::clamp<std::size_t>(files_.block_bytes(directory_), kBlockBytesMin, kBlockBytesMax));
  data_bytes_ =
      round_up(std::max<std::uint64_t>(options_.segment_bytes, 8 * block_bytes_), block_bytes_);

  PROA_TRY(RecoveredWal log, recover_wal(files_, directory_));
  outline_ = std::move(log.outline);
  tail_ = std::move(log.tail);
  zeros_.resize(tail_.segment == nullptr
                    ? block_bytes_
                    : std::max(block_bytes_, tail_.segment->header.block_bytes));
  removal_segment_ = log.removal_segment;
  shared_.index.with([&](WalIndex& index) { index = std::move(log.index); });
  shared_.work.with([&](WalShared::Work& work) {
    work.data_bytes = data_bytes_;
    work.full = {log.without_footer.begin(), log.without_footer.end()};
    work.dead = {log.dead.begin(), log.dead.end()};
    work.counters.torn_tails = log.torn_tail ? 1 : 0;
    work.counters.tails_copied = log.tail_copied ? 1 : 0;
  });
  shared_.spares = std::make_unique<SpareSegments>(files_, directory_, data_bytes_);
  PROA_TRY(shared_.spares->find());
  if (tail_.segment == nullptr) PROA_TRY(begin_segment(0));
  give_up_unneeded();
  publish_room();
  return outline_.summary();
}

Result<void> WalWriter::write(const LogBatch& batch) {
  PROA_ASSERT(!batch.truncate_from || !batch.restart_after);
  BatchHeader header{.kind = BatchKind::entries, .first_index = outline_.next()};
  if (batch.truncate_from) {
    PROA_ASSERT(outline_.first() <= *batch.truncate_from);
    PROA_ASSERT(*batch.truncate_from <= outline_.next());
    header.kind = BatchKind::suffix_truncation;
    header.first_index = *batch.truncate_from;
  }
  if (batch.restart_after) {
    header.kind = BatchKind::restart;
    header.first_index = next(batch.restart_after->index);
    header.term_before = batch.restart_after->term;
  }
  header.count = batch.entries.size();
  if (header.kind == BatchKind::entries && header.count == 0) return {};
  if (header.count > 0) PROA_ASSERT(batch.entries.first_index() == header.first_index);
  header.commit_hint = std::max(outline_.commit_hint(), batch.commit_hint);

  PROA_TRY(const EntriesSummary summary,
           wire::summarize(batch.entries, previous(header.first_index)));
  PROA_TRY(const std::uint64_t offset, append(header, batch.entries, summary));
  shared_.index.with([&](WalIndex& index) {
    if (batch.truncate_from) index.cut_suffix(header.first_index);
    if (batch.restart_after) index.restart(header.first_index);
    if (header.count == 0) return;
    index.append({.first = header.first_index,
                  .count = header.count,
                  .offset = offset,
                  .batch = tail_.last_batch});
  });
  if (batch.truncate_from) outline_.cut_suffix(header.first_index);
  if (batch.restart_after) {
    outline_.restart(header.first_index);
    removal_segment_ = tail_.segment->header.sequence;
    give_up_unneeded();
  }
  outline_.append(summary);
  outline_.hint(header.commit_hint);
  return {};
}

Result<void> WalWriter::truncate_prefix(LogIndex last_removed) {
  const LogIndex first = next(last_removed);
  if (first <= outline_.first()) return {};
  const BatchHeader header{.kind = BatchKind::prefix_removal,
                           .first_index = first,
                           .commit_hint = outline_.commit_hint()};
  PROA_TRY(append(header, {}, {}));
  outline_.cut_prefix(first);
  shared_.index.with([&](WalIndex& index) { index.cut_prefix(first); });
  removal_segment_ = tail_.segment->header.sequence;
  give_up_unneeded();
  return {};
}

/// Returns where the batch lies.
Result<std::uint64_t> WalWriter::append(BatchHeader header, const EntryView& entries,
                                        const EntriesSummary& summary) {
  const LogIndex last = previous(header.first_index + header.count);
  if (header.kind != BatchKind::prefix_removal) {
    header.commit_hint = std::min(header.commit_hint, last);
  }
  PROA_TRY(make_room(kBatchHeaderBytes + entries.encoded_bytes()));
  const std::uint64_t offset = tail_.end;
  PROA_TRY(write_batch(header, entries));
  tail_.records.add({.kind = header.kind,
                     .offset = offset,
                     .first_index = header.first_index,
                     .count = header.count,
                     .commit_hint = header.commit_hint},
                    summary);
  publish_room();
  return offset;
}

/// One write of whole blocks, one sync.
Result<void> WalWriter::write_batch(BatchHeader& header, const EntryView& entries) {
  Pieces pieces;
  pieces.add(entries);
  header.segment = tail_.segment->header.sequence;
  header.batch = tail_.last_batch + 1;
  header.bytes = entries.encoded_bytes();
  header.previous_chain = tail_.last_chain;
  header.chain = pieces.crc(begin_chain(header));
  const std::vector<std::byte> head = encode(header, crc_seed(tail_.segment->header));
  pieces.put_first(head);
  const std::uint64_t end = tail_.end + head.size() + header.bytes;
  const std::uint64_t next_batch = tail_.segment->next_batch_offset(end);
  pieces.add(ByteView{zeros_}.first(next_batch - end));

  File& file = *tail_.segment->file;
  PROA_TRY(file.write_at(tail_.end, pieces.view()));
  if (!mutant("log written without a sync")) PROA_TRY(file.sync());
  shared_.work.with([&](WalShared::Work& work) {
    ++work.counters.batches;
    work.counters.written_bytes += next_batch - tail_.end;
  });
  tail_.end = next_batch;
  tail_.last_batch = header.batch;
  tail_.last_chain = header.chain;
  return {};
}

/// One block stays free for the seal.
Result<void> WalWriter::make_room(std::uint64_t bytes) {
  const SegmentHeader& header = tail_.segment->header;
  const std::uint64_t end = tail_.end + round_up(bytes, header.block_bytes);
  if (!tail_.sealed && end + header.block_bytes <= header.data_bytes) return {};
  if (!tail_.sealed) PROA_TRY(seal());
  return begin_segment(bytes);
}

Result<void> WalWriter::seal() {
  BatchHeader header{.kind = BatchKind::seal,
                     .first_index = outline_.next(),
                     .commit_hint = outline_.commit_hint()};
  const std::uint64_t offset = tail_.end;
  PROA_TRY(write_batch(header, {}));
  tail_.records.add({.kind = header.kind,
                     .offset = offset,
                     .first_index = header.first_index,
                     .commit_hint = header.commit_hint},
                    {});
  tail_.sealed = true;
  return {};
}

/// A new newest segment, in which a batch of `bytes` has room. Only when it has its name for good
/// may the first batch be written.
Result<void> WalWriter::begin_segment(std::uint64_t bytes) {
  SegmentHeader header{.first_index = outline_.next(),
                       .first_batch = tail_.last_batch + 1,
                       .block_bytes = block_bytes_,
                       .data_bytes = data_bytes_,
                       .salt = random_.next(),
                       .previous_chain = tail_.last_chain};
  header.sequence = tail_.segment == nullptr ? 1 : tail_.segment->header.sequence + 1;
  const std::uint64_t needed = std::uint64_t{3} * block_bytes_ + round_up(bytes, block_bytes_);
  const bool oversized = needed > data_bytes_;
  if (oversized) header.data_bytes = needed;

  PROA_TRY(const SpareSegments::Spare spare, spare_for(oversized));
  const std::string unnamed = join(directory_, spare.name);
  auto segment = std::make_shared<Segment>();
  segment->header = header;
  segment->name = segment_name(header.sequence, header.first_index);
  PROA_TRY(segment->file, files_.open(unnamed, OpenMode::write));
  PROA_TRY(write_header(*segment->file, header));
  PROA_TRY(files_.rename(unnamed, join(directory_, segment->name)));
  PROA_TRY(files_.sync_directory(directory_));
  PROA_TRY(segment->file, files_.open(join(directory_, segment->name), OpenMode::write));

  shared_.index.with([&](WalIndex& index) { index.add_segment(segment); });
  shared_.work.with([&](WalShared::Work& work) {
    ++work.counters.rolls;
    if (oversized) ++work.counters.oversized;
    if (spare.recycled) ++work.counters.rolls_into_recycled;
    if (tail_.segment == nullptr) return;
    work.full.push_back({.segment = tail_.segment,
                         .footer = {.records = std::move(tail_.records),
                                    .last_batch = tail_.last_batch,
                                    .last_chain = tail_.last_chain}});
  });
  tail_ = Tail{.segment = std::move(segment),
               .end = header.first_batch_offset(),
               .last_batch = header.first_batch - 1,
               .last_chain = header.previous_chain};
  publish_room();
  return {};
}

Result<SpareSegments::Spare> WalWriter::spare_for(bool oversized) {
  if (oversized) return shared_.spares->make_empty();
  if (auto ready = shared_.spares->take()) return *std::move(ready);
  shared_.work.with([](WalShared::Work& work) { ++work.counters.rolls_unprepared; });
  return shared_.spares->make();
}

Result<void> WalWriter::write_header(File& file, const SegmentHeader& header) const {
  std::vector<std::byte> copy = encode(header);
  copy.resize(block_bytes_);
  const ByteView copies[] = {copy, copy};
  PROA_TRY(file.write_at(0, copies));
  return file.sync();
}

/// Segments before the oldest entry, and before the removal that says so: none, if there was none.
void WalWriter::give_up_unneeded() {
  const auto dropped = shared_.index.with([&](WalIndex& index) {
    const std::uint64_t oldest = index.oldest_used();
    return index.drop_before(oldest == 0 ? removal_segment_ : std::min(oldest, removal_segment_));
  });
  shared_.work.with([&](WalShared::Work& work) {
    for (const auto& segment : dropped) {
      work.dead.push_back(segment);
      std::erase_if(work.full, [&](const FullSegment& full) { return full.segment == segment; });
    }
  });
}

void WalWriter::publish_room() {
  const SegmentHeader& header = tail_.segment->header;
  const std::uint64_t used = tail_.end + header.block_bytes;  // with the seal
  const bool full = tail_.sealed || used >= header.data_bytes;
  const std::uint64_t blocks = full ? 0 : (header.data_bytes - used) / header.block_bytes;
  shared_.work.with([&](WalShared::Work& work) { work.room = blocks * header.block_bytes; });
}

}  // namespace proa::store
