#include "proa/core/consensus.hpp"

namespace proa::core {
namespace {

Error not_yet(const char* what) {
  return {.code = Errc::busy,
          .outcome = Outcome::not_executed,
          .detail = std::string{what} + " is not supported yet"};
}

}  // namespace

void Consensus::on(Instant, const ChangeRequested& requested) {
  fail_proposal(requested.id, 1, not_yet("changing the configuration"));
}

void Consensus::on(Instant, const ReadRequested& requested) {
  fail_proposal(requested.id, 1, not_yet("reading through the leader"));
}

void Consensus::on(Instant, const TransferRequested& requested) {
  fail_proposal(requested.id, 1, not_yet("transferring leadership"));
}

void Consensus::on(Instant, const Received<InstallSnapshotRequest>& received) {
  answer(received.id, InstallSnapshotReply{.term = term()}, tickets_.newest_hard_state());
}

void Consensus::on(Instant, const Replied<TimeoutNowReply>&) {}
void Consensus::on(Instant, const Replied<InstallSnapshotReply>&) {}
void Consensus::on(Instant, const SnapshotTaken&) {}
void Consensus::on(Instant, const SnapshotInstalled&) {}

}  // namespace proa::core
