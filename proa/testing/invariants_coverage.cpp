// What the coverage counts of what the invariants see. Nothing here is checked.
#include <algorithm>
#include <iterator>

#include "proa/testing/invariants.hpp"

namespace proa::testing {

Meeting Invariants::meets(std::size_t server) const {
  const ServerShadow& at = shadows_[server];
  const Receiver otherwise = at.candidate ? Receiver::candidate : Receiver::follower;
  return {.receiver = at.leading ? Receiver::leader : otherwise,
          .struck = coverage_.struck(server)};
}

Meeting Invariants::meets(std::size_t server, const Request& request) const {
  Meeting meeting = meets(server);
  if (const auto* vote = std::get_if<RequestVoteRequest>(&request)) {
    const HardState& durable = shadows_[server].hard_state;
    meeting.vote_is_durable =
        durable.term == vote->term && durable.vote == std::optional{vote->candidate};
  }
  return meeting;
}

void Invariants::counts(std::size_t server, Meeting meeting, const Request& request,
                        const Result<Reply>& reply) {
  const Answer answer = answer_of(request, reply);
  coverage_.answered(meeting, asked_by(request), answer);
  const auto* asked = std::get_if<RequestVoteRequest>(&request);
  if (asked == nullptr) return;
  if (answer == Answer::accepted) {
    coverage_.happened(meeting.vote_is_durable ? Sometimes::vote_granted_again
                                               : Sometimes::vote_granted_after_sync);
  } else if (answer == Answer::refused) {
    count_refused_vote(shadows_[server], *asked, std::get<RequestVoteReply>(*reply).term);
  }
}

/// In the order in which the receiver decides.
void Invariants::count_refused_vote(const ServerShadow& from, const RequestVoteRequest& request,
                                    Term reply_term) {
  const HardState& durable = from.hard_state;
  if (!from.latest.is_member(request.candidate.id)) {
    return coverage_.happened(Sometimes::vote_refused_to_stranger);
  }
  if (reply_term < request.term) return coverage_.happened(Sometimes::vote_refused_for_leader);
  if (durable.term != request.term || !from.latest.has_vote(request.candidate.id)) return;
  coverage_.happened(durable.vote ? Sometimes::vote_refused_as_given
                                  : Sometimes::vote_refused_for_log);
}

void Invariants::count_leader(const ServerShadow& leader, Term term) {
  const auto is_another = [&](const ServerShadow& other) {
    return other.leading && other.id != leader.id;
  };
  if (std::any_of(shadows_.begin(), shadows_.end(), is_another)) {
    coverage_.happened(Sometimes::leader_beside_old_one);
  }
  const auto now = leaders_.find(term);
  if (now == leaders_.begin()) return;
  const auto before = std::prev(now);
  if (next(before->first) < term) coverage_.happened(Sometimes::term_without_leader);
  if (before->second.id == leader.id) coverage_.happened(Sometimes::leader_followed_itself);
}

void Invariants::count_step_down(const ServerShadow& by, Term term) {
  if (by.led < term) return coverage_.happened(Sometimes::leader_deposed);
  coverage_.happened(by.latest.has_vote(by.id) ? Sometimes::leader_lost_contact
                                               : Sometimes::leader_removed_itself);
}

void Invariants::count_members(const Configuration& before, const Configuration& now) {
  for (const Server& server : now.servers) {
    const bool has_vote = now.has_vote(server.id);
    if (!before.is_member(server.id)) {
      coverage_.happened(has_vote ? Sometimes::voter_added : Sometimes::nonvoter_added);
    } else if (has_vote != before.has_vote(server.id)) {
      coverage_.happened(has_vote ? Sometimes::nonvoter_promoted : Sometimes::voter_demoted);
    }
  }
  for (const Server& server : before.servers) {
    if (!now.is_member(server.id)) coverage_.happened(Sometimes::member_removed);
  }
}

/// Before `at.log` has changed.
void Invariants::count_log_change(const ServerShadow& at, const LogBatch& batch) {
  const LogIndex last = at.log.last();
  if (batch.restart_after) {
    coverage_.happened(last < batch.restart_after->index ? Sometimes::snapshot_beyond_log
                                                         : Sometimes::snapshot_over_conflict);
  }
  if (!batch.truncate_from || last < *batch.truncate_from) return;
  coverage_.happened(Sometimes::entries_truncated);
  bool own = false;
  bool configuration = false;
  for (LogIndex i = *batch.truncate_from; i <= last; i = next(i)) {
    const EntryFacts* entry = at.log.find(i);
    if (entry == nullptr) continue;
    const auto leader = leaders_.find(entry->term);
    own = own || (leader != leaders_.end() && leader->second.id == at.id);
    configuration = configuration || entry->kind == EntryKind::configuration;
  }
  if (own) coverage_.happened(Sometimes::own_entries_truncated);
  if (configuration) coverage_.happened(Sometimes::configuration_truncated);
}

void Invariants::count_restore(const ServerShadow& at) {
  const LogPosition last = at.opened;
  if (!at.runs) {
    return coverage_.happened(at.log.last() <= last.index
                                  ? Sometimes::started_from_snapshot_alone
                                  : Sometimes::started_from_snapshot_and_log);
  }
  const EntryFacts* held = at.log.find(last.index);
  if (held != nullptr && held->term == last.term) {
    coverage_.happened(Sometimes::snapshot_kept_log);
  }
}

/// Of a process, before its part of the shadow is forgotten.
void Invariants::count_end(const ServerShadow& at) {
  if (!at.runs) return;
  if (at.leading && at.changing) coverage_.happened(Sometimes::leader_died_in_change);
  const auto runs = [](const ServerShadow& server) { return server.runs; };
  if (std::count_if(shadows_.begin(), shadows_.end(), runs) == 1) {
    coverage_.happened(Sometimes::all_down);
  }
}

}  // namespace proa::testing
