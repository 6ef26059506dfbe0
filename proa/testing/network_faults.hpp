#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "proa/testing/striking_machine.hpp"

namespace proa::testing {

/// What goes wrong between servers for a while, beside the cuts of the nemesis.
enum class NetworkTrouble : std::uint8_t {
  none,          ///< the calmest, so it is the first
  bridge,        ///< two groups that hear each other over one server only
  flapping,      ///< a link goes down and up many times within two seconds
  lost_replies,  ///< requests reach a server, and its answers reach nobody
  clog,          ///< links stand still and go on one by one, in any order
  narrow,        ///< every connection carries little at a time
};
inline constexpr std::size_t kNetworkTroubles = 6;
const char* name_of(NetworkTrouble trouble);

struct NetworkFaultOptions {
  std::array<std::uint64_t, kNetworkTroubles> weights = {};  ///< by NetworkTrouble; 0: never
  Duration pause_max = std::chrono::seconds{5};              ///< between two
  Duration lasts_max = std::chrono::seconds{4};
};

/// Each class is on by itself in about a third of all seeds; in about a third of them none is.
NetworkFaultOptions draw_network_faults(Choices& random);

struct NetworkFaultCounters {
  std::array<std::uint64_t, kNetworkTroubles> made = {};  ///< by NetworkTrouble
  std::uint64_t flaps = 0;                                ///< a link went down
};

/// Troubles of the network, one after the other, some at once. Threads: one.
class NetworkFaults final : public StrikingMachine {
 public:
  NetworkFaults(SimCluster& cluster, const NetworkFaultOptions& options, Choices choices);

  const NetworkFaultCounters& counters() const { return counters_; }

 private:
  using Ways = std::vector<std::pair<ServerAddress, ServerAddress>>;

  void strike_with(std::size_t trouble, bool may) override;
  void make(NetworkTrouble trouble);
  void bridge();
  void flap();
  void flap_on(const Ways& ways, CutMode mode, Instant until);
  void lose_replies();
  void clog();
  void narrow();
  void block(const Ways& ways, CutMode mode);
  void unblock_after(Duration delay, Ways ways);
  void heal() override;
  const ServerAddress& address(std::size_t server) const { return cluster_.server(server).address; }
  CutMode draw_mode() { return static_cast<CutMode>(random_.below(3)); }

  Duration lasts_max_;
  NetworkFaultCounters counters_;
};

}  // namespace proa::testing
