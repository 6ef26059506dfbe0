#include "proa/store/detail/wal_recovery.hpp"

#include <algorithm>

#include "proa/base/mutant.hpp"
#include "proa/store/detail/directory.hpp"
#include "proa/wire/entry_codec.hpp"

namespace proa::store {
namespace {

constexpr const char* kWhatToDo =
    "; what was acknowledged may be lost here: remove this server from the cluster and add it "
    "again with an empty data directory, or restore the disk";

constexpr const char* kFailedSync = "sync-failed";
constexpr const char* kCopy = "tail.copy";
constexpr std::uint64_t kCopyBytes = std::uint64_t{1} << 20;

/// A segment and what its name says.
struct Candidate {
  SegmentName name = {};
  FoundSegment found = {};
};

class Recovery {
 public:
  Recovery(FileSystem& files, std::string directory)
      : files_(files), directory_(std::move(directory)) {}

  Result<RecoveredWal> run();

 private:
  Result<void> find_candidates();
  Result<void> discard_unfinished();
  Result<void> replay();
  Result<void> replay_from(std::size_t start);
  Result<void> replay_segment(bool is_first);
  Result<void> check_header_of(const Candidate& candidate, bool is_first) const;
  Result<void> replay_footer(const Footer& footer);
  Result<void> scan();
  Result<bool> scan_batch();
  Result<void> apply(const BatchRecord& record, const EntriesSummary& entries);
  bool continues(const FoundBatch& batch) const;
  Result<bool> end_of_log(const FoundBatch& batch);
  Result<void> settle();
  Result<void> cut_torn_tail();
  Result<void> fill_last_block();
  Result<void> mend_headers();
  Result<void> make_durable();
  Result<void> copy_tail();
  Result<void> write_tail_to(const std::string& path);

  const Segment& segment() const { return *log_.tail.segment; }
  bool is_last() const { return at_ + 1 == candidates_.size(); }
  Failure rotten(std::uint64_t offset, const std::string& what) const;

  FileSystem& files_;
  std::string directory_;
  std::vector<Candidate> candidates_;    ///< by sequence
  std::vector<std::string> unfinished_;  ///< segments that were being begun
  std::size_t start_ = 0;                ///< the first candidate that belongs to the log
  std::size_t at_ = 0;                   ///< the one being replayed
  RecoveredWal log_;                     ///< up to there; its tail is the segment being replayed
};

Failure Recovery::rotten(std::uint64_t offset, const std::string& what) const {
  return fail(Errc::corrupt, segment().place(offset) + ", entry " + to_string(log_.outline.next()) +
                                 ": " + what + kWhatToDo);
}

Result<RecoveredWal> Recovery::run() {
  PROA_TRY(find_candidates());
  PROA_TRY(discard_unfinished());
  if (!candidates_.empty()) PROA_TRY(replay());
  PROA_TRY(settle());
  return std::move(log_);
}

Result<void> Recovery::find_candidates() {
  PROA_TRY(const auto entries, files_.list(directory_));
  for (const DirectoryEntry& entry : entries) {
    const auto name = parse_segment_name(entry.name);
    if (!name || entry.is_directory) continue;
    PROA_TRY(FoundSegment found, find_segment(files_, directory_, entry.name));
    if (found.state == HeaderState::newer) {
      return fail(Errc::unsupported_protocol,
                  found.segment->file->path() + ": written in a newer format than " +
                      std::to_string(kSegmentHeader.format) +
                      ", the newest this program knows; start the newer program again");
    }
    candidates_.push_back({.name = *name, .found = std::move(found)});
  }
  std::sort(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) {
    return a.name.sequence < b.name.sequence;
  });
  return {};
}

/// A newest segment without a header was being begun, unless it holds a batch: a header is durable
/// before the first batch is written.
Result<void> Recovery::discard_unfinished() {
  if (candidates_.empty()) return {};
  const Candidate& newest = candidates_.back();
  if (newest.found.state == HeaderState::ok) return {};
  if (candidates_.size() == 1 && newest.name.sequence != 1) return {};
  Segment& segment = *newest.found.segment;
  // Where nothing says how long blocks are, look at every place where one may begin.
  segment.header.block_bytes = kBlockBytesMin;
  PROA_TRY(segment.header.data_bytes, segment.file->size());
  PROA_TRY(const auto batch, find_block(segment, 0, [&](ByteView block) {
             return resembles_batch_of(block, newest.name.sequence);
           }));
  if (batch) return {};
  unfinished_.push_back(segment.name);
  candidates_.pop_back();
  return {};
}

/// The log begins behind whatever is damaged or missing, if a later removal says that nothing
/// before it is needed: segments that were being deleted may be in any state.
Result<void> Recovery::replay() {
  std::optional<Error> damage;
  while (true) {
    auto replayed = replay_from(start_);
    if (replayed && log_.outline.complete()) return {};
    if (replayed && damage) return fail(*std::move(damage));
    if (replayed) {
      return fail(Errc::corrupt, directory_ + ": the segments before " +
                                     candidates_[start_].found.segment->name + " are missing" +
                                     kWhatToDo);
    }
    const bool alone = at_ == start_;
    if (replayed.error().code != Errc::corrupt) return replayed;
    if (alone && is_last()) return damage ? Result<void>(fail(*std::move(damage))) : replayed;
    damage = std::move(replayed).error();
    start_ = alone ? at_ + 1 : at_;
  }
}

Result<void> Recovery::replay_from(std::size_t start) {
  const SegmentHeader& first = candidates_[start].found.segment->header;
  log_ = RecoveredWal{.outline = LogOutline(first.first_index, first.sequence != 1)};
  for (at_ = start; at_ < candidates_.size(); ++at_) {
    PROA_TRY(replay_segment(at_ == start));
  }
  return {};
}

Result<void> Recovery::check_header_of(const Candidate& candidate, bool is_first) const {
  const SegmentHeader& header = candidate.found.segment->header;
  const std::string& path = candidate.found.segment->file->path();
  const auto wrong = [&](const std::string& what) {
    return fail(Errc::corrupt, path + ": " + what + kWhatToDo);
  };
  if (candidate.found.state != HeaderState::ok) {
    return wrong("both copies of its header are damaged");
  }
  if (header.sequence != candidate.name.sequence ||
      header.first_index != candidate.name.first_index) {
    return wrong("its header says segment " + segment_name(header.sequence, header.first_index));
  }
  if (is_first) return {};
  const std::uint64_t before = segment().header.sequence;
  if (header.sequence != before + 1) {
    return wrong("segment " + std::to_string(before + 1) + " before it is missing");
  }
  if (header.previous_chain != log_.tail.last_chain ||
      header.first_batch != log_.tail.last_batch + 1 || header.first_index != log_.outline.next()) {
    return wrong("it does not continue " + segment().name);
  }
  return {};
}

Result<void> Recovery::replay_segment(bool is_first) {
  const Candidate& candidate = candidates_[at_];
  PROA_TRY(check_header_of(candidate, is_first));
  const SegmentHeader& header = candidate.found.segment->header;
  log_.tail = Tail{.segment = candidate.found.segment,
                   .end = header.first_batch_offset(),
                   .last_batch = header.first_batch - 1,
                   .last_chain = header.previous_chain};
  log_.index.add_segment(candidate.found.segment);
  if (!is_last()) {
    PROA_TRY(const auto footer, read_footer(segment()));
    if (footer) return replay_footer(*footer);
  }
  PROA_TRY(scan());
  if (is_last()) return {};
  if (!log_.tail.sealed) {
    return rotten(log_.tail.end, "a batch is damaged, and later segments follow it");
  }
  log_.without_footer.push_back({.segment = log_.tail.segment,
                                 .footer = {.records = log_.tail.records,
                                            .last_batch = log_.tail.last_batch,
                                            .last_chain = log_.tail.last_chain}});
  return {};
}

Result<void> Recovery::replay_footer(const Footer& footer) {
  PROA_TRY(
      footer.records.for_each([this](const BatchRecord& record, const EntriesSummary& entries) {
        Result<void> applied = apply(record, entries);
        ++log_.tail.last_batch;
        return applied;
      }));
  log_.tail.last_batch = footer.last_batch;
  log_.tail.last_chain = footer.last_chain;
  log_.tail.sealed = true;
  return {};
}

Result<void> Recovery::scan() {
  while (!log_.tail.sealed) {
    PROA_TRY(const bool more, scan_batch());
    if (!more) return {};
  }
  return {};
}

/// False: the log ends here.
Result<bool> Recovery::scan_batch() {
  Tail& tail = log_.tail;
  PROA_TRY(const FoundBatch batch, read_batch(segment(), tail.end));
  if (batch.state == HeaderState::newer) {
    return fail(Errc::unsupported_protocol,
                segment().place(tail.end) + ": a batch in a newer format than " +
                    std::to_string(kBatchHeader.format) + "; start the newer program again");
  }
  if (!continues(batch)) return end_of_log(batch);

  PROA_TRY(const EntryView entries, decode_entries(segment(), tail.end, batch));
  auto summary = wire::summarize(entries, previous(batch.header.first_index));
  if (!summary) return rotten(tail.end, summary.error().detail);
  const BatchRecord record{.kind = batch.header.kind,
                           .offset = tail.end,
                           .first_index = batch.header.first_index,
                           .count = batch.header.count,
                           .commit_hint = batch.header.commit_hint};
  PROA_TRY(apply(record, *summary));
  tail.records.add(record, *summary);
  tail.end = segment().next_batch_offset(tail.end + kBatchHeaderBytes + batch.header.bytes);
  tail.last_batch = batch.header.batch;
  tail.last_chain = batch.header.chain;
  tail.sealed = batch.header.kind == BatchKind::seal;
  return true;
}

/// Recycled segments are full of whole batches with fitting indexes: only the chain tells that a
/// batch was written behind the one before it.
bool Recovery::continues(const FoundBatch& batch) const {
  if (!batch.whole) return false;
  if (mutant("chain not checked on recovery") && batch.header.kind == BatchKind::entries &&
      batch.header.first_index == log_.outline.next()) {
    return true;
  }
  return batch.header.segment == segment().header.sequence &&
         batch.header.batch == log_.tail.last_batch + 1 &&
         batch.header.previous_chain == log_.tail.last_chain;
}

/// A batch that does not continue the log was being written when the process ended, unless
/// something was written after it.
Result<bool> Recovery::end_of_log(const FoundBatch& batch) {
  const Tail& tail = log_.tail;
  const std::uint64_t expected = tail.last_batch + 1;
  const std::uint32_t seed = crc_seed(segment().header);
  if (!is_last()) return false;
  if (mutant("rot read as a torn tail")) return false;
  const bool is_torn = batch.state == HeaderState::ok && !batch.whole;
  if (is_torn && mutant("torn tail refused as rot")) return rotten(tail.end, "a batch is torn");
  PROA_TRY(const auto later, find_block(segment(), tail.end, [&](ByteView block) {
             const auto header = decode_batch_header(block, seed);
             return header && header->batch > expected;
           }));
  if (later) {
    return rotten(tail.end,
                  "a batch is damaged, and another follows it at offset " + std::to_string(*later));
  }
  if (batch.whole && !mutant("chain not checked on recovery")) {
    return rotten(tail.end, "a batch is whole but does not continue the one before it");
  }
  return false;
}

Result<void> Recovery::apply(const BatchRecord& record, const EntriesSummary& entries) {
  LogOutline& outline = log_.outline;
  const LogIndex first = record.first_index;
  const bool cuts = record.kind != BatchKind::entries && record.kind != BatchKind::seal;
  const bool fits = record.kind == BatchKind::suffix_truncation ? first <= outline.next()
                                                                : cuts || first == outline.next();
  if (!fits) {
    return rotten(record.offset, "a batch for entry " + to_string(first) + " stands here");
  }
  if (record.kind == BatchKind::suffix_truncation) {
    outline.cut_suffix(first);
    log_.index.cut_suffix(first);
  } else if (record.kind == BatchKind::prefix_removal) {
    outline.cut_prefix(first);
    log_.index.cut_prefix(first);
  } else if (record.kind == BatchKind::restart) {
    outline.restart(first);
    log_.index.restart(first);
  }
  if (record.kind == BatchKind::prefix_removal || record.kind == BatchKind::restart) {
    log_.removal_segment = segment().header.sequence;
  }
  if (record.count > 0) {
    log_.index.append({.first = first,
                       .count = record.count,
                       .offset = record.offset,
                       .batch = log_.tail.last_batch + 1});
  }
  outline.append(entries);
  outline.hint(record.commit_hint);
  return {};
}

/// From here on the disk is changed.
Result<void> Recovery::settle() {
  for (std::size_t i = 0; i < start_; ++i)
    log_.dead.push_back(candidates_[i].found.segment);
  if (log_.tail.segment != nullptr) {
    PROA_TRY(cut_torn_tail());
    PROA_TRY(fill_last_block());
    PROA_TRY(mend_headers());
  }
  for (const std::string& name : unfinished_)
    PROA_TRY(files_.remove(join(directory_, name)));
  if (mutant("tail not synced at open")) return {};
  return make_durable();
}

/// What this process read may be in the page cache only.
Result<void> Recovery::make_durable() {
  const std::string failed_sync = join(directory_, kFailedSync);
  PROA_TRY(const bool distrusted, files_.exists(failed_sync));
  if (log_.tail.segment != nullptr) {
    PROA_TRY(distrusted ? copy_tail() : log_.tail.segment->file->sync());
  }
  PROA_TRY(files_.sync_directory(directory_));
  if (!distrusted) return {};
  PROA_TRY(files_.remove(failed_sync));
  return files_.sync_directory(directory_);
}

/// Pages that only look clean are written once more, but not in place: a power cut in the middle of
/// that could tear what was durable.
Result<void> Recovery::copy_tail() {
  Segment& tail = *log_.tail.segment;
  const std::string copy = join(directory_, kCopy);
  const std::string path = join(directory_, tail.name);
  if (auto written = write_tail_to(copy); !written) {
    (void)files_.remove(copy);  // a full disk would stay full of it; the first error says more
    return written;
  }
  PROA_TRY(files_.rename(copy, path));
  PROA_TRY(tail.file, files_.open(path, OpenMode::write));
  log_.tail_copied = true;
  return {};
}

Result<void> Recovery::write_tail_to(const std::string& path) {
  const Segment& tail = *log_.tail.segment;
  PROA_TRY(const auto file, files_.open(path, OpenMode::create));
  PROA_TRY(file->truncate(0));
  for (std::uint64_t at = 0; at < tail.header.data_bytes; at += kCopyBytes) {
    std::vector<std::byte> bytes(std::min(kCopyBytes, tail.header.data_bytes - at));
    const std::uint64_t used =
        std::min<std::uint64_t>(bytes.size(), log_.tail.end - std::min(log_.tail.end, at));
    PROA_TRY(read_padded(*tail.file, at, std::span{bytes}.first(used)));
    PROA_TRY(file->write_at(at, ByteView{bytes}));
  }
  return file->sync();
}

/// Zeroes the first block behind the log, so that what was cut cannot appear again.
Result<void> Recovery::cut_torn_tail() {
  const Tail& tail = log_.tail;
  const SegmentHeader& header = segment().header;
  if (tail.sealed || tail.end + header.block_bytes > header.data_bytes) return {};
  std::vector<std::byte> block(header.block_bytes);
  PROA_TRY(read_padded(*tail.segment->file, tail.end, block));
  if (std::all_of(block.begin(), block.end(), [](std::byte b) { return b == std::byte{}; })) {
    return {};
  }
  log_.torn_tail = resembles_batch_of(block, header.sequence);
  std::fill(block.begin(), block.end(), std::byte{});
  return tail.segment->file->write_at(tail.end, ByteView{block});
}

/// Of a batch in a file that grows, the process may have been killed before it had written the last
/// block to its end. To grow the file later would write that block again, and if this write tore it
/// would take a batch that is reported now.
Result<void> Recovery::fill_last_block() {
  const Tail& tail = log_.tail;
  PROA_TRY(const std::uint64_t size, tail.segment->file->size());
  if (size >= tail.end) return {};
  const std::vector<std::byte> zeros(tail.end - size);
  return tail.segment->file->write_at(size, ByteView{zeros});
}

Result<void> Recovery::mend_headers() {
  for (std::size_t i = start_; i < candidates_.size(); ++i) {
    const FoundSegment& found = candidates_[i].found;
    if (!found.damaged_copy) continue;
    const std::vector<std::byte> copy = encode(found.segment->header);
    PROA_TRY(found.segment->file->write_at(*found.damaged_copy, copy));
    PROA_TRY(found.segment->file->sync());
  }
  return {};
}

}  // namespace

void note_failed_sync(FileSystem& files, const std::string& directory) {
  // If this fails as well, nobody is left to be told.
  (void)files.open(join(directory, kFailedSync), OpenMode::create);
}

Result<RecoveredWal> recover_wal(FileSystem& files, const std::string& directory) {
  return Recovery(files, directory).run();
}

}  // namespace proa::store
