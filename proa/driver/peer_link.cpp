#include "proa/driver/peer_link.hpp"

#include <algorithm>
#include <utility>

#include "proa/base/assert.hpp"

namespace proa::driver {

PeerLink::PeerLink(PeerLinkParts parts, Surroundings around, const Server& server,
                   std::unique_ptr<Peer> peer)
    : parts_(std::move(parts)),
      around_(around),
      id_(server.id),
      address_(server.address),
      peer_(std::move(peer)) {}

void PeerLink::send(core::SendRequest request) {
  request.what.sent_at = parts_.runtime->now();
  if (!transmit(Channel::control, request.message, {.what = request.what})) {
    step_failure(request.what);
  }
}

bool PeerLink::transmit(Channel channel, const Request& request, Outstanding outstanding) {
  Respond done = [weak = weak_from_this(), channel](Result<Reply> reply) {
    if (const auto self = weak.lock()) self->replied(channel, std::move(reply));
  };
  if (!peer_->send(channel, request, done)) return false;
  on(channel).push_back(std::move(outstanding));
  return true;
}

/// Replies come in the order of the requests, failures too.
void PeerLink::replied(Channel channel, Result<Reply> reply) {
  if (peer_ == nullptr) return;  // closed, and stepped already
  PROA_ASSERT(!on(channel).empty());
  const Outstanding outstanding = std::move(on(channel).front());
  on(channel).pop_front();
  if (outstanding.ends_burst) burst_ended();
  if (!reply) return step_failure(outstanding.what);
  step_reply(outstanding.what, *std::move(reply));
}

void PeerLink::step_reply(const core::Sent& what, Reply reply) {
  std::visit(
      [&]<class M>(M& message) {
        around_.stepper.step(
            core::Replied<M>{.from = id_, .what = what, .message = std::move(message)});
      },
      reply);
}

void PeerLink::step_failure(const core::Sent& what) {
  around_.stepper.step(core::RequestFailed{.to = id_, .what = what});
}

void PeerLink::append(const core::SendEntries& entries) {
  held_.reset();
  if (bursts_ >= kBurstsMax) return hold(entries.generation);
  if (std::optional<EntryView> view = around_.tail.view(entries.entries)) {
    return send_burst(entries, std::move(*view));
  }
  read(entries);
}

/// As many requests as there is room for, back to back.
void PeerLink::send_burst(const core::SendEntries& entries, EntryView view) {
  LogPosition sent_up_to = entries.prev;
  std::size_t requests = 0;
  while (requests == 0 || !view.empty()) {
    const EntryView part = view.prefix(parts_.append_entries_max, parts_.append_bytes_max);
    const LogPosition last =
        part.empty() ? sent_up_to
                     : LogPosition{.term = part.back().term, .index = part.last_index()};
    if (!transmit_append(entries, sent_up_to, part, last)) break;
    ++requests;
    sent_up_to = last;
    view = view.sub({.first = next(last.index), .last = view.last_index()});
  }
  if (requests == 0) return hold(entries.generation);
  on(Channel::append).back().ends_burst = true;
  ++bursts_;
  around_.stepper.step(
      core::EntriesSent{.to = id_, .generation = entries.generation, .last = sent_up_to.index});
  if (sent_up_to.index < entries.entries.last) around_.stepper.want_turn();
}

bool PeerLink::transmit_append(const core::SendEntries& entries, LogPosition previous_entry,
                               const EntryView& part, LogPosition last) {
  const core::Sent what{.term = entries.term,
                        .prev = previous_entry,
                        .last = last.index,
                        .generation = entries.generation,
                        .round = entries.round,
                        .sent_at = parts_.runtime->now()};
  return transmit(Channel::append,
                  AppendEntriesRequest{.term = entries.term,
                                       .leader = parts_.self,
                                       .prev_log = previous_entry,
                                       .entries = part,
                                       .leader_commit = entries.commit},
                  {.what = what});
}

void PeerLink::read(const core::SendEntries& entries) {
  wanted_ = entries.generation;
  const LogIndex in_memory = around_.tail.first_index();
  IndexRange range = entries.entries;
  if (range.first < in_memory) range.last = std::min(range.last, previous(in_memory));
  around_.reader.post([weak = weak_from_this(), runtime = parts_.runtime, logs = parts_.logs,
                       entries, range, bytes_max = parts_.append_bytes_max] {
    Result<EntryView> view = logs->read(range, bytes_max);
    runtime->loop().post([weak, entries, view = std::move(view)]() mutable {
      if (const auto self = weak.lock()) self->have_read(entries, std::move(view));
    });
  });
}

/// Meanwhile replication may have started over, or ended.
void PeerLink::have_read(const core::SendEntries& entries, Result<EntryView> view) {
  if (peer_ == nullptr || wanted_ != entries.generation) return;
  wanted_.reset();
  if (view) return send_burst(entries, *std::move(view));
  if (view.error().code != Errc::log_not_found) {
    return around_.stepper.on_read_failed(std::move(view).error());
  }
  around_.stepper.step(core::EntriesUnavailable{.to = id_, .generation = entries.generation});
}

void PeerLink::burst_ended() {
  PROA_ASSERT(bursts_ > 0);
  --bursts_;
  release();
}

/// Until the bursts before are answered, or the window has room.
void PeerLink::hold(core::Generation generation) {
  held_ = generation;
  if (bursts_ >= kBurstsMax || std::exchange(asked_for_room_, true)) return;
  peer_->when_writable(Channel::append, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->asked_for_room_ = false;
    self->release();
  });
}

void PeerLink::release() {
  if (peer_ == nullptr || !held_) return;
  around_.stepper.step(
      core::PeerWritable{.to = id_, .generation = *std::exchange(held_, std::nullopt)});
}

/// In place of one that may still be under way.
void PeerLink::send_snapshot(const core::SendSnapshot& snapshot) {
  snapshot_ = std::make_shared<SnapshotSender>(SnapshotSenderParts{.runtime = parts_.runtime,
                                                                   .snapshots = parts_.snapshots,
                                                                   .logger = parts_.logger,
                                                                   .self = parts_.self},
                                               around_.snapshot);
  snapshot_->start(*peer_, snapshot,
                   [weak = weak_from_this()](const core::Sent& what, Result<Reply> reply) {
                     const auto self = weak.lock();
                     if (self == nullptr || self->peer_ == nullptr) return;
                     self->snapshot_.reset();
                     if (reply) return self->step_reply(what, *std::move(reply));
                     const bool none_can_be_read = reply.error().code == Errc::snapshot_not_found;
                     if (none_can_be_read) self->around_.stepper.on_no_snapshot();
                     self->step_failure(what);
                   });
}

bool PeerLink::is_idle() const {
  const bool all_answered = std::all_of(outstanding_.begin(), outstanding_.end(),
                                        [](const auto& c) { return c.empty(); });
  return all_answered && !wanted_ && snapshot_ == nullptr;
}

std::size_t PeerLink::unanswered() const {
  std::size_t sum = 0;
  for (const auto& channel : outstanding_)
    sum += channel.size();
  return sum;
}

void PeerLink::close() {
  if (peer_ == nullptr) return;
  const auto self = shared_from_this();
  const std::unique_ptr<Peer> closing = std::exchange(peer_, nullptr);
  if (const auto snapshot = std::exchange(snapshot_, nullptr)) step_failure(snapshot->what());
  for (auto& channel : outstanding_) {
    for (const Outstanding& outstanding : std::exchange(channel, {}))
      step_failure(outstanding.what);
  }
}

}  // namespace proa::driver
