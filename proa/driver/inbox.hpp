#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "proa/base/guarded.hpp"
#include "proa/driver/calls.hpp"
#include "proa/driver/proposal.hpp"

namespace proa::driver {

struct InboxLimits {
  std::size_t proposals = 65536;  ///< that wait; beyond: Errc::busy
  std::size_t proposal_bytes = std::size_t{256} << 20;
  std::size_t waiting_calls = 65536;  ///< reads and waits, each
  std::size_t verify_calls = 64;      ///< the model's verifyCh
  std::size_t change_calls = 64;
  std::size_t transfer_calls = 1;  ///< the model's leadershipTransferCh
  std::size_t snapshot_calls = 64;
  std::size_t restore_calls = 1;
};

/// The one way from any thread to the loop: bounded, each kind of request with a limit of its own.
/// Proposals may wait here while a round is on its way; the loop says at how many of them it wants
/// to be woken. Threads: any, but take_proposals, take_calls and close are the loop's.
class Inbox {
 public:
  enum class Pushed : std::uint8_t {
    taken,      ///< the loop knows, or will look by itself
    wake_loop,  ///< the caller has to wake the loop
    full,       ///< refused: the limit of its kind is reached
    closed      ///< refused: the node has stopped
  };
  static constexpr std::size_t kAsleep = SIZE_MAX;  ///< no number of proposals wakes the loop

  explicit Inbox(InboxLimits limits) : limits_(limits) {}

  /// What is refused is not moved from.
  Pushed push(Proposal&& proposal);
  /// Takes as many as fit, from the front; `taken` says how many.
  Pushed push_all(std::span<Proposal> proposals, std::size_t& taken);
  Pushed push(Call&& call);

  /// Everything that waits, if that is at least `enough`; else nothing, and the loop is woken once
  /// there are so many. `into` must be empty.
  void take_proposals(std::size_t enough, std::vector<Proposal>& into);
  std::vector<Call> take_calls();
  struct Held {
    std::size_t proposals = 0;
    std::size_t bytes = 0;  ///< of the proposals
    std::size_t calls = 0;
  };
  Held held() const;
  /// Refuses all that comes later.
  void close();

 private:
  struct State {
    std::vector<Proposal> proposals = {};
    std::size_t proposal_bytes = 0;
    std::vector<Call> calls = {};
    std::array<std::size_t, std::variant_size_v<Call>> calls_by_kind = {};
    std::size_t wake_at = 1;
    bool woken = false;  ///< somebody has woken the loop, which has not looked yet
    bool closed = false;
  };
  bool fits(const State& state, const Proposal& proposal) const;
  static Pushed wake_if(State& state, bool wanted);
  std::size_t limit_of(const Call& call) const;

  const InboxLimits limits_;
  Guarded<State> state_;
};

}  // namespace proa::driver
