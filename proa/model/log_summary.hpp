#pragma once

#include <optional>
#include <vector>

#include "proa/model/configuration.hpp"
#include "proa/model/entry.hpp"

namespace proa {

/// What the core knows of a stretch of the log: everything but the payloads. Of a thousand commands
/// of one term it is as large as of one.
struct EntriesSummary {
  /// Which indexes. Empty: `first` is where the next entry goes (1 in a new log).
  IndexRange entries = {};
  /// Where each term starts, oldest first; the first one is at `entries.first`.
  std::vector<LogPosition> term_starts = {};
  /// Every entry that changes the configuration, decoded, oldest first.
  std::vector<ConfigurationAt> configurations = {};
  friend bool operator==(const EntriesSummary&, const EntriesSummary&) = default;
};

/// What a log store reports when it is opened.
struct LogSummary {
  EntriesSummary log = {};
  /// A commit index this server knew of, never above the last entry; 0 if it knows none.
  LogIndex commit_hint = {};
  /// Set if what followed was found rotten and cut off: the last entry the log had, so far as
  /// known.
  std::optional<LogPosition> rot_cut = {};
  friend bool operator==(const LogSummary&, const LogSummary&) = default;
};

/// One atomic, durable step of the log: the cut or restart first, then the entries.
struct LogBatch {
  std::optional<LogIndex> truncate_from = {};     ///< remove this entry and everything after it
  std::optional<LogPosition> restart_after = {};  ///< empty the log; it goes on after this position
  EntryView entries = {};                         ///< must continue the log
  LogIndex commit_hint = {};  ///< the own commit index, may be beyond the entries
};

}  // namespace proa
