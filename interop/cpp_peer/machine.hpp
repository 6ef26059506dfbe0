#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "proa/base/guarded.hpp"
#include "proa/port/fsm.hpp"

namespace proa::interop {

/// A digest of every command up to and including `index`.
struct Mark {
  std::uint64_t index = 0;
  std::uint64_t digest = 0;
};

/// The state machine of the interoperability tests: keys and values, and a running digest of every
/// command, so that two servers can be compared at one index. The Go peer holds the same; their
/// snapshots have one form (go_peer/fsm.go). Threads: any, beside the fsm lane.
class Machine final : public Fsm {
 public:
  void apply(std::span<const Committed> batch, Responses& responses) override;
  Result<std::unique_ptr<Snapshot>> snapshot() override;
  Result<void> restore(ByteSource& source) override;

  std::optional<std::string> get(const std::string& key) const;
  std::optional<Mark> at(std::uint64_t index) const;  ///< after the last command at or before it
  Mark last() const;

 private:
  struct State {
    std::map<std::string, std::string> values = {};
    Mark last = {.index = 0, .digest = 14695981039346656037U};
    std::vector<Mark> marks = {};  ///< since the start or the last restore
  };

  Guarded<State> state_;
};

}  // namespace proa::interop
