#pragma once

#include <algorithm>
#include <vector>

#include "proa/base/mutant.hpp"
#include "proa/core/input.hpp"

namespace proa::core {

/// Reads that wait until a majority has confirmed that we still lead (thesis §6.4). A read counts
/// the replies to requests that left after it was registered, so each request carries the number of
/// the newest round, and a round that a request has carried takes no further read. Numbers are
/// never used again. Threads: one at a time.
class Reads {
 public:
  struct Waiting {
    ProposalId id = {};
    LogIndex index = {};  ///< what must be applied before the read is answered
    bool verify_only = false;
    ReadRound round = {};
  };

  void add(Waiting read) {
    const bool may_join =
        carried_ < newest_ || mutant("request sent before the read's registration counted");
    if (!may_join || newest_ == ReadRound{}) ++newest_.value;
    read.round = newest_;
    waiting_.push_back(read);
  }

  /// What a request that leaves now carries.
  ReadRound carry() {
    carried_ = newest_;
    return newest_;
  }

  /// Removes and returns those of `confirmed` and older rounds. Only a leader that has committed in
  /// its term can answer more than whether it leads.
  std::vector<Waiting> take_confirmed(ReadRound confirmed, bool has_committed) {
    std::vector<Waiting> taken;
    if (waiting_.empty() || confirmed < waiting_.front().round) return taken;  // rounds only grow
    std::erase_if(waiting_, [&](const Waiting& read) {
      const bool is_done = read.round <= confirmed && (read.verify_only || has_committed);
      if (is_done) taken.push_back(read);
      return is_done;
    });
    return taken;
  }

  bool empty() const { return waiting_.empty(); }
  ReadRound newest() const { return newest_; }
  const std::vector<Waiting>& waiting() const { return waiting_; }

 private:
  std::vector<Waiting> waiting_ = {};  ///< oldest first; as many as the driver's inbox lets in
  ReadRound newest_ = {};
  ReadRound carried_ = {};
};

}  // namespace proa::core
