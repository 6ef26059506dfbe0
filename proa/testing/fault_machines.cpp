#include "proa/testing/fault_machines.hpp"

namespace proa::testing {

FaultOptions draw_faults(Choices& random) {
  FaultOptions options;
  Choices network = random.apart("network faults");
  options.network = draw_network_faults(network);
  Choices clocks = random.apart("clock faults");
  options.clocks = draw_clock_faults(clocks);
  return options;
}

void restrict_to(Preset preset, FaultOptions& faults) {
  const bool has_bad_network = preset == Preset::flaky_network || preset == Preset::everything;
  if (!has_bad_network) faults.network = {};
  if (preset != Preset::everything) faults.clocks = {};
}

FaultMachines::FaultMachines(SimCluster& cluster, const FaultOptions& options,
                             const Choices& choices)
    : network_(cluster, options.network, choices.apart("network faults")),
      clocks_(cluster, options.clocks, choices.apart("clock faults")),
      all_{&network_, &clocks_} {}

void FaultMachines::start() {
  for (FaultMachine* machine : all_)
    machine->start();
}

void FaultMachines::stop() {
  for (FaultMachine* machine : all_)
    machine->stop();
}

void FaultMachines::truce_until(Instant until) {
  for (FaultMachine* machine : all_)
    machine->truce_until(until);
}

FaultCounters FaultMachines::counters() const {
  return {.network = network_.counters(), .clocks = clocks_.counters()};
}

}  // namespace proa::testing
