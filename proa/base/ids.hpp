#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace proa {

/// A Raft term: a logical clock that counts elections (paper §5.1). 0: no election yet.
struct Term {
  std::uint64_t value = 0;
  friend auto operator<=>(const Term&, const Term&) = default;
};

/// The place of an entry in the log. The first entry has index 1; 0 means "none".
struct LogIndex {
  std::uint64_t value = 0;
  friend auto operator<=>(const LogIndex&, const LogIndex&) = default;
};

constexpr Term next(Term term) { return Term{term.value + 1}; }
constexpr LogIndex next(LogIndex index) { return LogIndex{index.value + 1}; }
/// The index before, and 0 before the first.
constexpr LogIndex previous(LogIndex index) {
  return LogIndex{index.value == 0 ? 0 : index.value - 1};
}
constexpr LogIndex operator+(LogIndex index, std::uint64_t count) {
  return LogIndex{index.value + count};
}

/// Where an entry stands and which leader made it. Ordered as paper §5.4.1 compares logs: by term,
/// then by index.
struct LogPosition {
  Term term = {};
  LogIndex index = {};
  friend auto operator<=>(const LogPosition&, const LogPosition&) = default;
};

/// The indexes [first, last]; empty if last < first. The default is empty.
struct IndexRange {
  LogIndex first = LogIndex{1};
  LogIndex last = {};

  bool empty() const { return last < first; }
  std::uint64_t size() const { return empty() ? 0 : last.value - first.value + 1; }
  bool contains(LogIndex index) const { return first <= index && index <= last; }
  friend bool operator==(const IndexRange&, const IndexRange&) = default;
};

/// The stable identity of a server, not an address. Opaque; not empty in a configuration.
struct ServerId {
  std::string value = {};
  friend auto operator<=>(const ServerId&, const ServerId&) = default;
};

/// Where a server is reached. Opaque to Raft; `host:port` for TCP.
struct ServerAddress {
  std::string value = {};
  friend auto operator<=>(const ServerAddress&, const ServerAddress&) = default;
};

/// Who counts towards a quorum. The numbers are the model's, on the wire and on disk. `staging` is
/// decoded for old data and never chosen by us.
enum class Suffrage : std::int64_t { voter = 0, nonvoter = 1, staging = 2 };

/// A member of a configuration.
struct Server {
  Suffrage suffrage = Suffrage::voter;
  ServerId id = {};
  ServerAddress address = {};
  friend bool operator==(const Server&, const Server&) = default;
};

std::string to_string(Term term);
std::string to_string(LogIndex index);
std::string to_string(const LogPosition& position);  ///< `term/index`
std::string to_string(Suffrage suffrage);            ///< the model's word, e.g. `Voter`
std::string to_string(const Server& server);         ///< the model's form: `{Voter id address}`

}  // namespace proa
