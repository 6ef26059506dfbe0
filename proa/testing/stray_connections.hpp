#pragma once

#include <cstdint>

#include "proa/testing/striking_machine.hpp"

namespace proa::testing {

struct StrayOptions {
  bool works = false;
  Duration pause_max = std::chrono::seconds{5};  ///< between two
};

/// On in about a third of all seeds.
StrayOptions draw_strays(Choices& random);

/// How connections began, up to minutes ago, arrives once more, each time as a new connection:
/// what a proxy or a confused network may repeat. Only servers that talk in bytes can be hit.
/// Threads: one.
class StrayConnections final : public StrikingMachine {
 public:
  StrayConnections(SimCluster& cluster, const StrayOptions& options, Choices choices);

  std::uint64_t made() const { return made_; }

 private:
  void strike_with(std::size_t trouble, bool may) override;

  std::uint64_t made_ = 0;
};

}  // namespace proa::testing
