#include "proa/testing/striking_machine.hpp"

#include <algorithm>
#include <utility>

namespace proa::testing {

void draw_weights(Choices& random, std::span<std::uint64_t> weights, std::uint64_t on_percent,
                  std::uint64_t in_percent) {
  const bool is_on = random.percent(on_percent);
  for (std::uint64_t& weight : weights.subspan(1)) {
    const bool is_in = random.percent(in_percent);
    weight = (1 + random.below(4)) * (is_on && is_in ? 1 : 0);
  }
}

StrikingMachine::StrikingMachine(SimCluster& cluster, const Rhythm& rhythm, Choices choices)
    : cluster_(cluster),
      random_(std::move(choices)),
      weights_(rhythm.weights.begin(), rhythm.weights.end()),
      pause_max_(rhythm.pause_max),
      tag_(rhythm.tag) {}

void StrikingMachine::start() {
  const bool any = std::any_of(weights_.begin(), weights_.end(),
                               [](std::uint64_t weight) { return weight > 0; });
  if (any) strike_later();
}

void StrikingMachine::strike_later() {
  random_.begin("strike");
  const Duration pause = random_.down_from(pause_max_);
  cluster_.scheduler().after(pause, tag_, [this] { strike(); });
}

void StrikingMachine::strike() {
  if (stopped_) return;
  random_.resume("strike");
  const std::size_t trouble = random_.weighted(weights_);
  strike_with(trouble, !is_calm() && trouble != 0);
  strike_later();
}

void StrikingMachine::announce(std::size_t server, const char* trouble) {
  random_.note(trouble);
  cluster_.tell(Happening::fault, server, trouble);
}

void StrikingMachine::stop() {
  stopped_ = true;
  heal();
}

void StrikingMachine::truce_until(Instant until) {
  calm_until_ = until;
  if (is_calm()) heal();
}

}  // namespace proa::testing
