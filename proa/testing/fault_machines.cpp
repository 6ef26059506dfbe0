#include "proa/testing/fault_machines.hpp"

namespace proa::testing {

namespace {

OperatorOptions draw_second_orders(Choices& random) {
  random.begin("orders");
  OperatorOptions orders;
  orders.works = random.percent(35);
  orders.pause_max = Duration{std::chrono::seconds{1}} * static_cast<int>(8 - random.below(7));
  return orders;
}

}  // namespace

FaultOptions draw_faults(Choices& random) {
  FaultOptions options;
  Choices network = random.apart("network faults");
  options.network = draw_network_faults(network);
  Choices clocks = random.apart("clock faults");
  options.clocks = draw_clock_faults(clocks);
  Choices meddling = random.apart("meddling");
  options.meddling = draw_meddling(meddling);
  Choices load = random.apart("load faults");
  options.load = draw_load_faults(load);
  Choices second = random.apart("second operator");
  options.second_orders = draw_second_orders(second);
  Choices strays = random.apart("stray connections");
  options.strays = draw_strays(strays);
  return options;
}

void restrict_to(Preset preset, FaultOptions& faults) {
  const bool has_bad_network = preset == Preset::flaky_network || preset == Preset::everything;
  if (!has_bad_network) {
    faults.network = {};
    faults.strays = {};
  }
  if (preset == Preset::everything) return;
  faults.clocks = {};
  faults.meddling = {};
  faults.load = {};
  faults.second_orders.works = false;
}

FaultMachines::FaultMachines(SimCluster& cluster, const FaultOptions& options,
                             LoadFaults::Work work, const Choices& choices)
    : network_(cluster, options.network, choices.apart("network faults")),
      clocks_(cluster, options.clocks, choices.apart("clock faults")),
      meddler_(cluster, options.meddling, choices.apart("meddler")),
      load_(cluster, options.load, std::move(work), choices.apart("load faults")),
      strays_(cluster, options.strays, choices.apart("stray connections")),
      second_operator_(cluster, options.second_orders, choices.apart("second operator")),
      all_{&network_, &clocks_, &meddler_, &load_, &strays_} {}

void FaultMachines::start() {
  for (FaultMachine* machine : all_)
    machine->start();
  second_operator_.start();
}

void FaultMachines::stop() {
  second_operator_.stop();
  for (FaultMachine* machine : all_)
    machine->stop();
}

void FaultMachines::truce_until(Instant until) {
  for (FaultMachine* machine : all_)
    machine->truce_until(until);
}

void FaultMachines::server_installs(std::size_t server) {
  for (FaultMachine* machine : all_)
    machine->server_installs(server);
}

void FaultMachines::server_crashed(std::size_t server) {
  for (FaultMachine* machine : all_)
    machine->server_crashed(server);
  second_operator_.server_crashed(server);
}

std::size_t FaultMachines::open_futures() const {
  std::size_t open = second_operator_.open_orders();
  for (const FaultMachine* machine : all_)
    open += machine->open_futures();
  return open;
}

FaultCounters FaultMachines::counters() const {
  return {.network = network_.counters(),
          .clocks = clocks_.counters(),
          .meddling = meddler_.counters(),
          .load = load_.counters(),
          .second_orders = second_operator_.counters(),
          .strays = strays_.made()};
}

}  // namespace proa::testing
