#pragma once

#include "proa/testing/clocks.hpp"
#include "proa/testing/load_faults.hpp"
#include "proa/testing/meddler.hpp"
#include "proa/testing/network_faults.hpp"
#include "proa/testing/operator.hpp"
#include "proa/testing/preset.hpp"
#include "proa/testing/stray_connections.hpp"

namespace proa::testing {

/// What a seed decides about the machines beside the nemesis.
struct FaultOptions {
  NetworkFaultOptions network = {};
  ClockFaultOptions clocks = {};
  MeddlerOptions meddling = {};
  LoadFaultOptions load = {};
  OperatorOptions second_orders = {.works = false};
  StrayOptions strays = {};
};

FaultOptions draw_faults(Choices& random);

/// Takes out what the preset is not about.
void restrict_to(Preset preset, FaultOptions& faults);

struct FaultCounters {
  NetworkFaultCounters network = {};
  ClockFaultCounters clocks = {};
  MeddlerCounters meddling = {};
  LoadFaultCounters load = {};
  OperatorCounters second_orders = {};
  std::uint64_t strays = 0;
};

/// All of them. Threads: one.
class FaultMachines final : public FaultMachine {
 public:
  /// `choices`: of which nothing is drawn here, so that others may draw from it as well.
  FaultMachines(SimCluster& cluster, const FaultOptions& options, LoadFaults::Work work,
                const Choices& choices);

  void start() override;
  void stop() override;
  void truce_until(Instant until) override;
  void server_installs(std::size_t server) override;
  void server_crashed(std::size_t server) override;
  std::size_t open_futures() const override;
  FaultCounters counters() const;

 private:
  NetworkFaults network_;
  ClockFaults clocks_;
  Meddler meddler_;
  LoadFaults load_;
  StrayConnections strays_;
  Operator second_operator_;  ///< knows nothing of the first one
  std::vector<FaultMachine*> all_;
};

}  // namespace proa::testing
