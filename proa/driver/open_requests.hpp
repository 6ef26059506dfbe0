#pragma once

#include <map>
#include <memory>

#include "proa/core/effects.hpp"
#include "proa/port/transport.hpp"

namespace proa::driver {

/// Requests of other servers that wait for their answer; the transports bound their number.
/// Threads: the loop.
class OpenRequests {
 public:
  core::RequestId add(Respond respond) { return add(std::move(respond), nullptr); }
  core::RequestId add(Respond respond, std::shared_ptr<BytePipe> state) {
    const core::RequestId id{++last_id_};
    open_.emplace(id, Open{.respond = std::move(respond), .state = std::move(state)});
    return id;
  }

  /// What an AppendEntries brought, for the core to choose from.
  void keep_entries(core::RequestId id, EntryView entries) { at(id).entries = std::move(entries); }
  const EntryView& entries_of(core::RequestId id) { return at(id).entries; }

  void answer(core::RequestId id, Result<Reply> reply) {
    auto found = open_.extract(id);
    PROA_ASSERT(!found.empty());
    Open& open = found.mapped();
    if (open.state != nullptr) open.state->stop(not_wanted());
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
    std::shared_ptr<BytePipe> state = {};  ///< of a snapshot
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
