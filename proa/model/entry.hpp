#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "proa/base/bytes.hpp"
#include "proa/base/ids.hpp"
#include "proa/base/time.hpp"
#include "proa/model/configuration.hpp"

namespace proa {

/// What an entry is for. The numbers are the model's, on the wire and on disk (reference §4.3). A
/// follower keeps numbers it does not know; they stop the node when they are committed.
enum class EntryKind : std::uint8_t {
  command = 0,
  noop = 1,
  add_peer_deprecated = 2,
  remove_peer_deprecated = 3,
  barrier = 4,
  configuration = 5,
};

/// Says "this entry changes who is in the cluster", in the present or the legacy form.
constexpr bool changes_configuration(EntryKind kind) {
  return kind == EntryKind::configuration || kind == EntryKind::add_peer_deprecated ||
         kind == EntryKind::remove_peer_deprecated;
}

/// What the core knows of an entry: everything but the payload.
struct EntryInfo {
  LogIndex index = {};
  Term term = {};
  EntryKind kind = {};
  std::optional<Configuration> configuration = {};  ///< decoded, if the kind says so
  friend bool operator==(const EntryInfo&, const EntryInfo&) = default;
};

/// An entry that is still to be encoded: what a leader makes of a proposal.
struct NewEntry {
  LogIndex index = {};
  Term term = {};
  EntryKind kind = {};
  WallTime appended_at = {};
  SharedBytes data = {};        ///< absent for no-ops and barriers
  SharedBytes extensions = {};  ///< opaque; replicated with the entry; absent normally
};

/// An entry as log, wire and state machine see it. A view: the EntryBlock that holds it owns the
/// bytes. The encoded form is head, then data again if `data_apart`, then tail.
struct Entry {
  LogIndex index = {};
  Term term = {};
  EntryKind kind = {};
  bool data_apart = false;  ///< the payload is not inside `head`: it was not copied on the way in
  WallTime appended_at = {};
  ByteView data = {};
  ByteView extensions = {};
  ByteView head = {};  ///< the element of the wire's Entries array, or its beginning
  ByteView tail = {};  ///< what follows a payload that lies apart

  std::size_t encoded_size() const {
    return head.size() + (data_apart ? data.size() : 0) + tail.size();
  }
};

/// Equal in everything but where the bytes lie and how they are cut.
bool same_entry(const Entry& a, const Entry& b);

/// Entries with consecutive indexes that came together, and the bytes they refer to. Immutable once
/// made and shared by the tail of the log, the wire, the log lane and the state machine, so that an
/// entry is encoded once and copied never. Made by wire::encode_block and wire::decode_block.
struct EntryBlock {
  std::vector<Entry> entries;
  std::vector<SharedBytes> owners;  ///< what `entries` points into
};

/// A part of a block: the entries [begin, end) of it, by position.
struct EntryRun {
  std::shared_ptr<const EntryBlock> block;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  std::span<const Entry> entries() const {
    return std::span{block->entries}.subspan(begin, end - begin);
  }
};

/// Consecutive entries from one block or several. Copies share the blocks. Threads: copies may be
/// used from any.
class EntryView {
 public:
  EntryView() = default;
  explicit EntryView(std::shared_ptr<const EntryBlock> block);

  bool empty() const { return runs_.empty(); }
  std::size_t size() const { return size_; }
  std::size_t encoded_bytes() const { return encoded_bytes_; }  ///< of all entries, without framing
  LogIndex first_index() const;                                 ///< 0 if empty
  LogIndex last_index() const;                                  ///< 0 if empty
  const Entry& front() const;
  const Entry& back() const;
  const std::vector<EntryRun>& runs() const { return runs_; }

  /// Adds what must begin right behind the present end. Empty runs are left out.
  void append(EntryRun run);
  void append(const EntryView& other);

  /// The entries of `range`, which must lie inside.
  EntryView sub(IndexRange range) const;
  /// The longest beginning of at most `entries_max` entries and `bytes_max` encoded bytes, but at
  /// least one entry.
  EntryView prefix(std::size_t entries_max, std::size_t bytes_max) const;

  template <class F>
  void for_each(F&& visit) const {
    for (const EntryRun& run : runs_) {
      for (const Entry& entry : run.entries())
        visit(entry);
    }
  }

  friend bool operator==(const EntryView& a, const EntryView& b);

 private:
  std::vector<EntryRun> runs_;
  std::size_t size_ = 0;
  std::size_t encoded_bytes_ = 0;
};

std::string to_string(EntryKind kind);  ///< the model's name, an unknown one as a number

}  // namespace proa
