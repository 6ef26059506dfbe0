#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "proa/base/result.hpp"
#include "proa/model/messages.hpp"

namespace proa::testing {

/// What a server is when a request reaches it; who asks for pre-votes counts as a candidate.
enum class Receiver : std::uint8_t { follower, candidate, leader };
inline constexpr std::size_t kReceivers = 3;

/// What reaches it.
enum class Asked : std::uint8_t {
  pre_vote,
  vote,
  vote_in_transfer,  ///< the leader asked for this election
  append,
  empty_append,  ///< a probe, or nothing but a commit index
  heartbeat,
  snapshot,
  timeout_now,
};
inline constexpr std::size_t kAsked = 8;

/// What becomes of it. What is never answered is in none of them.
enum class Answer : std::uint8_t {
  accepted,
  refused,
  mismatch,  ///< of the entry before the new ones
  old_term,  ///< the sender's
  failed,    ///< an error in place of an answer
};
inline constexpr std::size_t kAnswers = 5;

/// What is wrong with a server, or changes around it, when a request reaches it. If it is more than
/// one, the last of these.
enum class Struck : std::uint8_t {
  no_fault,
  rough_network,  ///< messages get lost, late, twice: more than in the rest of the run
  narrow_lines,   ///< every connection carries little
  new_members,    ///< its newest configuration is not committed, as far as it knows
  late_timers,    ///< it hears of them late
  slow_work,      ///< its state machine or its snapshots take long
  cut_links,      ///< some of its own
  slow_disk,      ///< or one whose next sync stalls
  after_a_pause,  ///< it stood still until a second ago or less
  after_a_start,  ///< it has not caught up with what was committed when its process began
  failing_disk,   ///< an operation is about to fail, or there is no room
  rotten_disk,
};
inline constexpr std::size_t kStruck = 12;

const char* name_of(Receiver receiver);
const char* name_of(Asked asked);
const char* name_of(Answer answer);
const char* name_of(Struck struck);

/// How a request met a server.
struct Meeting {
  Receiver receiver = Receiver::follower;
  Struck struck = Struck::no_fault;
  bool vote_is_durable = false;  ///< the one that is asked for
};

Asked asked_by(const Request& request);
Answer answer_of(const Request& request, const Result<Reply>& reply);
/// To a request of that term.
Answer answer_to(Term asked_in, const Result<Reply>& reply);

/// What has to happen sometimes, or the simulator does not look where bugs are.
enum class Sometimes : std::uint8_t {
  // Elections.
  leader_lost_contact,      ///< and stepped down, in its own term
  leader_deposed,           ///< by a newer term
  leader_removed_itself,    ///< and stepped down
  leader_beside_old_one,    ///< that does not know it yet
  leader_followed_itself,   ///< in a later term, nobody else in between
  term_without_leader,      ///< between two that had one
  candidate_tried_again,    ///< in another term, without a leader in between
  vote_refused_for_leader,  ///< that is alive
  vote_refused_to_stranger,
  vote_refused_as_given,
  vote_refused_for_log,
  vote_granted_again,  ///< the same one, from what was durable
  vote_granted_after_sync,
  vote_lost_in_crash,  ///< its write was in flight
  vote_kept_in_crash,  ///< likewise
  // The log.
  entries_truncated,        ///< durable ones
  own_entries_truncated,    ///< by a server that had led when it wrote them
  configuration_truncated,  ///< and rolled back
  write_lost_in_crash,
  write_kept_in_crash,
  committed_before_own_sync,   ///< a leader's entry, by its followers
  older_term_committed_along,  ///< with an entry of the leader's own term
  // Snapshots.
  snapshot_over_conflict,  ///< the log it replaced held something else, or more
  snapshot_beyond_log,     ///< the log it replaced ended before it
  snapshot_kept_log,       ///< the log held its end, and goes on
  started_from_snapshot_alone,
  started_from_snapshot_and_log,
  // Members.
  voter_added,
  nonvoter_added,
  nonvoter_promoted,
  voter_demoted,
  member_removed,
  leader_died_in_change,  ///< of the configuration
  peer_lost_log,          ///< and was filled again
  // The cluster.
  all_down,
  old_connection_began_again,  ///< a minute or more after it had begun
  sector_went_stale,           ///< it is again what it was before its latest durable write
  // What users are told.
  write_refused_as_busy,
  write_refused_by_follower,
  write_refused_in_transfer,
  write_outcome_unknown,
  write_aborted_by_restore,
  read_refused_by_follower,
  read_lost_leadership,
  transfer_succeeded,
  transfer_timed_out,
  transfer_refused,
  change_based_on_old_one,  ///< refused
};
inline constexpr std::size_t kSometimes =
    static_cast<std::size_t>(Sometimes::change_based_on_old_one) + 1;
const char* name_of(Sometimes condition);

inline constexpr std::size_t kTuples = kReceivers * kAsked * kAnswers * kStruck;
/// E.g. `follower, append, mismatch, cut links`.
std::string name_of_tuple(std::size_t tuple);

/// How often what was met in a run.
struct CoverageCounts {
  std::array<std::uint32_t, kTuples> tuples = {};
  std::array<std::uint32_t, kSometimes> sometimes = {};
};

/// Counts where a run has been: a look at a table, so that it may happen at every message. Draws
/// nothing, and changes nothing of the run. Threads: one.
class Coverage {
 public:
  void happened(Sometimes condition) { ++counts_.sometimes[static_cast<std::size_t>(condition)]; }
  void answered(Meeting meeting, Asked asked, Answer answer) {
    ++counts_.tuples[tuple(meeting, asked, answer)];
  }
  static constexpr std::size_t tuple(Meeting meeting, Asked asked, Answer answer) {
    const auto number = [](auto of) { return static_cast<std::size_t>(of); };
    return ((number(meeting.receiver) * kAsked + number(asked)) * kAnswers + number(answer)) *
               kStruck +
           number(meeting.struck);
  }
  const CoverageCounts& counts() const { return counts_; }

  /// Who knows what strikes a server just now; without it nothing does.
  void ask_for_faults(std::function<Struck(std::size_t server)> struck) {
    struck_ = std::move(struck);
  }
  Struck struck(std::size_t server) const { return struck_ ? struck_(server) : Struck::no_fault; }

 private:
  CoverageCounts counts_;
  std::function<Struck(std::size_t)> struck_;
};

}  // namespace proa::testing
