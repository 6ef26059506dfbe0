#include <algorithm>
#include <bit>
#include <cstdint>

#include "proa/testing/invariants.hpp"

namespace proa::testing {
namespace {

/// Servers by number, as bits.
using Servers = std::uint64_t;

std::size_t count(Servers servers) { return static_cast<std::size_t>(std::popcount(servers)); }

std::size_t missing(std::size_t wanted, std::size_t there) {
  return wanted - std::min(wanted, there);
}

struct Voters {
  Servers would_follow = 0;
  std::size_t quorum = 0;
  bool can_decide() const { return count(would_follow) >= quorum; }
};

/// Both can have a majority at the same time, of which no server is part of the other.
bool can_decide_apart(const Voters& a, const Voters& b) {
  const std::size_t for_a = missing(a.quorum, count(a.would_follow & ~b.would_follow));
  const std::size_t for_b = missing(b.quorum, count(b.would_follow & ~a.would_follow));
  return for_a + for_b <= count(a.would_follow & b.would_follow);
}

/// As it compares itself with others. A snapshot that is durable and still being installed counts
/// no more than the configuration in it does.
LogPosition end_of(const ServerShadow& at) {
  const EntryFacts* last = at.log.find(at.log.last());
  if (last != nullptr) return {.term = last->term, .index = at.log.last()};
  const std::optional<Term> base = at.log.term_at(at.log.last());
  const bool installs = at.runs && at.adopted < at.snapshot.index;
  return installs && base ? LogPosition{.term = *base, .index = at.log.last()} : at.snapshot;
}

/// Who would elect `candidate` in its own configuration, or let it commit, by what is durable.
Voters voters_for(const ServerShadow& candidate, const std::vector<ServerShadow>& servers) {
  Voters voters{.quorum = candidate.latest.quorum()};
  const LogPosition end = end_of(candidate);
  for (std::size_t number = 0; number < servers.size(); ++number) {
    const ServerShadow& voter = servers[number];
    if (!candidate.latest.has_vote(voter.id)) continue;
    const bool may_elect = end_of(voter) <= end;
    const bool may_follow = candidate.leading && voter.hard_state.term <= candidate.led;
    if (may_elect || may_follow) voters.would_follow |= Servers{1} << number;
  }
  return voters;
}

}  // namespace

// Of any two configurations that could each elect or commit, every two majorities meet (thesis
// §4.1). One that nobody would follow any more may lie about in the log of a server that was away.
void Invariants::check_configurations_meet(const ServerShadow& changed) {
  ++counters_.configurations_checked;
  const Voters voters = voters_for(changed, shadows_);
  if (!voters.can_decide()) return;
  for (const ServerShadow& other : shadows_) {
    if (!other.runs || other.latest.empty() || other.latest == changed.latest) continue;
    const Voters others = voters_for(other, shadows_);
    if (!others.can_decide() || !can_decide_apart(voters, others)) continue;
    return violated("configurations intersect: " + changed.id.value + " goes by " +
                    to_string(changed.latest) + ", " + other.id.value + " by " +
                    to_string(other.latest) + ", and each could decide without the other");
  }
}

// purged <= snapshot <= applied <= committed <= last. What is purged is compared with the durable
// snapshot when it goes, what is applied with what is committed when it is.
void Invariants::check_order(const ServerShadow& at, const Stand& stand) {
  const auto wrong = [&](const char* a, LogIndex x, const char* b, LogIndex y) {
    violated(std::string("order: ") + at.id.value + " has " + a + " " + to_string(x) + " and " + b +
             " " + to_string(y));
  };
  const LogIndex last = stand.last.value_or(stand.commit);
  // A user's restore is in the log before the state machine has it.
  if (stand.snapshot > at.run && !restored_.contains(stand.snapshot)) {
    return wrong("snapshot", stand.snapshot, "applied", at.run);
  }
  if (stand.commit > last) wrong("committed", stand.commit, "last", last);
}

}  // namespace proa::testing
