#pragma once

#include <algorithm>
#include <deque>

#include "proa/core/input.hpp"

namespace proa::core {

/// Reads that wait until a majority has confirmed that we still lead (thesis §6.4). A read counts
/// the replies to requests that left after it was registered, so each request carries the number of
/// the newest round, and a round that a request has carried takes no further read.
/// Threads: one at a time.
class Reads {
 public:
  struct Waiting {
    ProposalId id = {};
    ReadRound round = {};
    LogIndex index = {};  ///< what must be applied before the read is answered
    bool verify_only = false;
  };

  void add(ProposalId id, LogIndex index, bool verify_only) {
    if (newest_ <= carried_) ++newest_.value;
    waiting_.push_back({.id = id, .round = newest_, .index = index, .verify_only = verify_only});
  }

  /// What a request that leaves now carries.
  ReadRound carry() {
    carried_ = std::max(carried_, newest_);
    return newest_;
  }

  bool empty() const { return waiting_.empty(); }
  ReadRound newest() const { return newest_; }
  std::deque<Waiting>& waiting() { return waiting_; }

 private:
  std::deque<Waiting> waiting_ = {};  ///< oldest first
  ReadRound newest_ = {};
  ReadRound carried_ = {};
};

}  // namespace proa::core
