#pragma once

#include <vector>

#include "proa/core/effects.hpp"

namespace proa::core {

/// What may leave only when a write is durable. A reply must leave in the end, or it would block
/// its connection; that also bounds their number, since a connection reads only so far ahead.
/// Threads: one at a time.
class Deferred {
 public:
  void hold(Ticket until, Answer answer);
  void hold(Ticket until, SendRequest request);

  /// The term has passed. Replies become refusals with the new one, behind the ticket that saves
  /// it; what they promised was promised to the leader or candidate of a term that is over.
  void refuse_replies(Term term, Ticket until);
  /// Nobody campaigns any more.
  void drop_requests() { requests_.clear(); }

  void release(Ticket persisted, std::vector<Send>& into);

  bool has_requests() const { return !requests_.empty(); }
  Ticket latest() const;  ///< the newest ticket anything waits for

 private:
  template <class T>
  struct Held {
    Ticket until = {};
    T what = {};
  };

  std::vector<Held<Answer>> answers_ = {};
  std::vector<Held<SendRequest>> requests_ = {};
};

}  // namespace proa::core
