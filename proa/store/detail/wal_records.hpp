#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "proa/base/result.hpp"
#include "proa/model/log_summary.hpp"
#include "proa/store/detail/wal_format.hpp"

namespace proa::store {

/// What recovery needs to know of one batch.
struct BatchRecord {
  BatchKind kind = BatchKind::entries;
  std::uint64_t offset = 0;  ///< in the segment
  LogIndex first_index = {};
  std::uint64_t count = 0;
  LogIndex commit_hint = {};
  friend bool operator==(const BatchRecord&, const BatchRecord&) = default;
};

/// All batches of a segment in their order, with what a LogSummary needs of their entries: enough
/// to replay the segment without reading it. That is what the footer of a full segment holds.
/// Threads: one at a time.
class SegmentRecords {
 public:
  /// `entries` describes the entries of the batch.
  void add(const BatchRecord& record, const EntriesSummary& entries);

  bool empty() const { return records_.empty(); }
  std::size_t size() const { return records_.size(); }
  const std::vector<BatchRecord>& records() const { return records_; }

  /// visit(record, entries) for each batch, in order, until one returns an error.
  template <class F>
  Result<void> for_each(F&& visit) const {
    Cursor cursor;
    for (std::size_t i = 0; i < records_.size(); ++i) {
      PROA_TRY(visit(records_[i], entries_of(i, cursor)));
    }
    return {};
  }

  std::vector<std::byte> encode() const;
  static std::optional<SegmentRecords> decode(ByteView bytes);

  friend bool operator==(const SegmentRecords&, const SegmentRecords&) = default;

 private:
  struct TermStart {
    std::uint32_t record = 0;
    LogPosition at = {};
    friend bool operator==(const TermStart&, const TermStart&) = default;
  };
  struct ConfigurationIn {
    std::uint32_t record = 0;
    ConfigurationAt at = {};
    friend bool operator==(const ConfigurationIn&, const ConfigurationIn&) = default;
  };
  struct Cursor {
    std::size_t term_start = 0;
    std::size_t configuration = 0;
  };
  EntriesSummary entries_of(std::size_t record, Cursor& cursor) const;

  std::vector<BatchRecord> records_;
  std::vector<TermStart> term_starts_;  ///< where a batch goes on in the term before it, none
  std::vector<ConfigurationIn> configurations_;
  bool term_may_differ_ = true;  ///< the next batch must say its first term
};

/// The end of a full segment, behind its data: its records and where its chain ends.
struct Footer {
  SegmentRecords records = {};
  std::uint64_t last_batch = 0;
  std::uint32_t last_chain = 0;
};
inline constexpr std::uint16_t kFooterHeaderBytes = 44;

struct FooterHeader {
  std::uint64_t segment = 0;
  std::uint64_t last_batch = 0;
  std::uint64_t body_bytes = 0;
  std::uint32_t body_crc = 0;
  std::uint32_t last_chain = 0;
};

std::vector<std::byte> encode(const Footer& footer, const SegmentHeader& segment);
std::optional<FooterHeader> decode_footer_header(ByteView bytes, const SegmentHeader& segment);

}  // namespace proa::store
