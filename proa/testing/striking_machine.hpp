#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "proa/testing/fault_machine.hpp"
#include "proa/testing/sim_cluster.hpp"

namespace proa::testing {

/// How often what strikes.
struct Rhythm {
  std::span<const std::uint64_t> weights = {};  ///< by trouble, of which 0 is none; 0: never
  Duration pause_max = {};                      ///< between two strikes
  std::uint32_t tag = 0;                        ///< of its events
};

/// Draws which troubles there are: with `on_percent` any, and then each with `in_percent`.
void draw_weights(Choices& random, std::span<std::uint64_t> weights, std::uint64_t on_percent,
                  std::uint64_t in_percent);

/// A fault machine that strikes again and again, after drawn pauses, with one trouble each time.
/// Without any weight it never begins. Threads: one.
class StrikingMachine : public FaultMachine {
 public:
  void start() final;
  void stop() final;
  void truce_until(Instant until) final;

 protected:
  StrikingMachine(SimCluster& cluster, const Rhythm& rhythm, Choices choices);

  /// `may`: it is not calm, and there is a trouble. What precedes the trouble itself is drawn in
  /// either case, so that a truce moves no later draw.
  virtual void strike_with(std::size_t trouble, bool may) = 0;
  virtual void heal() {}  ///< all that can be healed
  /// Into tape and trace, before the trouble is made.
  void announce(std::size_t server, const char* trouble);
  bool is_calm() const { return stopped_ || cluster_.scheduler().now() < calm_until_; }
  std::size_t any_server() { return random_.below(cluster_.size()); }

  SimCluster& cluster_;
  Choices random_;

 private:
  void strike_later();
  void strike();

  std::vector<std::uint64_t> weights_;
  Duration pause_max_;
  std::uint32_t tag_;
  Instant calm_until_ = {};
  bool stopped_ = false;
};

}  // namespace proa::testing
