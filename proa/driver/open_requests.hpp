#pragma once

#include <map>
#include <memory>
#include <optional>

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

  /// What an InstallSnapshot brings; its stream is stopped when it is answered.
  void keep_snapshot(core::RequestId id, IncomingSnapshot snapshot) {
    at(id).snapshot = std::move(snapshot);
  }
  const IncomingSnapshot& snapshot_of(core::RequestId id) {
    PROA_ASSERT(at(id).snapshot.has_value());
    return *at(id).snapshot;
  }

  /// What an AppendEntries brought, for the core to choose from.
  void keep_entries(core::RequestId id, EntryView entries) { at(id).entries = std::move(entries); }
  const EntryView& entries_of(core::RequestId id) { return at(id).entries; }

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
    EntryView entries = {};
    std::optional<IncomingSnapshot> snapshot = {};
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
  std::uint64_t last_id_ = 0;
};

}  // namespace proa::driver
