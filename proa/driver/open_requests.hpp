#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "proa/core/effects.hpp"
#include "proa/driver/snapshot_receiver.hpp"
#include "proa/port/transport.hpp"

namespace proa::driver {

/// Requests of other servers that wait for their answer; the transports bound their number.
/// Threads: the loop.
class OpenRequests {
 public:
  core::RequestId add(Respond respond) {
    const core::RequestId id{++last_id_};
    open_.emplace(id, Open{.respond = std::move(respond)});
    return id;
  }

  std::size_t size() const { return open_.size(); }

  /// What an InstallSnapshot brings; its stream is stopped when it is answered.
  void keep_snapshot(core::RequestId id, IncomingSnapshot snapshot) {
    at(id).snapshot = std::move(snapshot);
  }
  const IncomingSnapshot& snapshot_of(core::RequestId id) {
    PROA_ASSERT(at(id).snapshot.has_value());
    return *at(id).snapshot;
  }

  /// What an AppendEntries brought, for the core to choose from in the same turn. An answer may
  /// wait long for the disk, and the sender ask again and again meanwhile; that must take no memory
  /// beside what the core has chosen.
  void keep_entries(core::RequestId id, EntryView entries) {
    brought_.push_back({.id = id, .entries = std::move(entries)});
  }
  const EntryView& entries_of(core::RequestId id) const {
    const auto found = std::find_if(brought_.begin(), brought_.end(),
                                    [id](const Brought& brought) { return brought.id == id; });
    PROA_ASSERT(found != brought_.end());
    return found->entries;
  }
  void forget_entries() { brought_.clear(); }

  void answer(core::RequestId id, Result<Reply> reply) {
    auto found = open_.extract(id);
    PROA_ASSERT(!found.empty());
    Open& open = found.mapped();
    if (open.snapshot) open.snapshot->state->stop(not_wanted());
    open.respond(std::move(reply));
  }

  void fail_all(const Error& error) {
    while (!open_.empty())
      answer(open_.begin()->first, fail(error));
  }
  void drop_all() { open_.clear(); }

 private:
  struct Open {
    Respond respond = {};
    std::optional<IncomingSnapshot> snapshot = {};
  };
  struct Brought {
    core::RequestId id = {};
    EntryView entries = {};
  };
  Open& at(core::RequestId id) {
    const auto found = open_.find(id);
    PROA_ASSERT(found != open_.end());
    return found->second;
  }
  static Error not_wanted() {
    return {.code = Errc::protocol_error, .detail = "the snapshot is not wanted any more"};
  }

  std::map<core::RequestId, Open> open_;
  std::vector<Brought> brought_;  ///< in this turn
  std::uint64_t last_id_ = 0;
};

}  // namespace proa::driver
