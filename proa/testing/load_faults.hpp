#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "proa/testing/striking_machine.hpp"

namespace proa::testing {

/// What is hard about the work itself.
enum class LoadTrouble : std::uint8_t {
  none,            ///< the calmest, so it is the first
  burst,           ///< many writes at once, to one server
  oversized,       ///< a command over the limit
  slow_apply,      ///< a state machine takes long for each batch, for a while
  slow_snapshots,  ///< snapshots are taken, read and stored slowly, for a while
};
inline constexpr std::size_t kLoadTroubles = 5;
const char* name_of(LoadTrouble trouble);

struct LoadFaultOptions {
  std::array<std::uint64_t, kLoadTroubles> weights = {};  ///< by LoadTrouble; 0: never
  Duration pause_max = std::chrono::seconds{5};           ///< between two
};

/// Each class is on by itself in about a third of all seeds; in about a third of them none is.
LoadFaultOptions draw_load_faults(Choices& random);

/// Proposals that may wait, of a server; often so few that a burst is refused.
std::size_t draw_inbox(Choices& random, std::size_t otherwise);

struct LoadFaultCounters {
  std::array<std::uint64_t, kLoadTroubles> made = {};  ///< by LoadTrouble
  std::uint64_t oversized_refused = 0;                 ///< as command_too_large, not executed
};

/// Makes the work hard, at drawn times. A command over the limit has to be refused for that reason
/// by whoever is asked. Threads: one.
class LoadFaults final : public StrikingMachine {
 public:
  struct Work {
    std::size_t command_bytes_max = 0;  ///< of the servers; much of it: nothing oversized is sent
    /// Gives a server so many writes.
    std::function<void(std::size_t server, std::size_t writes)> flood = {};
  };
  LoadFaults(SimCluster& cluster, const LoadFaultOptions& options, Work work, Choices choices);

  const LoadFaultCounters& counters() const { return counters_; }

 private:
  void strike_with(std::size_t trouble, bool may) override;
  void make(LoadTrouble trouble, std::size_t server);
  void send_oversized(std::size_t server);
  void slow_down(std::size_t server, Lane lane);
  void heal() override;

  Work work_;
  LoadFaultCounters counters_;
};

}  // namespace proa::testing
