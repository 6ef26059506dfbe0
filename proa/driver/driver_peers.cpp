#include <utility>

#include "proa/driver/driver.hpp"
#include "proa/driver/errors.hpp"
#include "proa/wire/entry_codec.hpp"

namespace proa::driver {

void Driver::on_request(Request&& request, Respond respond) {
  if (!running()) return respond(fail(shutdown_error(Outcome::not_executed)));
  const core::RequestId id = requests_.add(std::move(respond));
  std::visit([&](auto& message) { receive(id, std::move(message)); }, request);
}

template <class M>
void Driver::receive(core::RequestId id, M request) {
  step(core::Received<M>{.id = id, .message = std::move(request)});
}

/// The core is told what the entries are; the payloads stay here until it has chosen.
void Driver::receive(core::RequestId id, AppendEntriesRequest request) {
  Result<EntriesSummary> entries = wire::summarize(request.entries, request.prev_log.index);
  if (!entries) return requests_.answer(id, fail(std::move(entries).error()));
  requests_.keep_entries(id, std::move(request.entries));
  step(core::Received<core::AppendEntriesInfo>{.id = id,
                                               .message = {.term = request.term,
                                                           .leader = std::move(request.leader),
                                                           .prev_log = request.prev_log,
                                                           .entries = *std::move(entries),
                                                           .leader_commit = request.leader_commit,
                                                           .heartbeat = request.heartbeat}});
}

PeerLink* Driver::link_to(const core::PeerId& id) {
  return links_.to(id, view_.latest_configuration.configuration);
}

std::shared_ptr<PeerLink> Driver::connect(const Server& server) {
  return std::make_shared<PeerLink>(
      PeerLinkParts{
          .runtime = parts_.runtime,
          .logs = parts_.logs,
          .snapshots = parts_.snapshots,
          .logger = parts_.config.logger,
          .self = {.id = parts_.config.local_id, .address = parts_.transport->local_address()},
          .append_entries_max = parts_.config.append_entries_max,
          .append_bytes_max = parts_.config.append_bytes_max},
      PeerLink::Surroundings{
          .tail = tail_, .reader = *reader_lane_, .snapshot = *snapshot_lane_, .stepper = *this},
      server, parts_.transport->connect(server));
}

}  // namespace proa::driver
