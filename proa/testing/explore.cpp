#include <cstdio>
#include <utility>

#include "proa/base/assert.hpp"
#include "proa/testing/cluster.hpp"
#include "proa/testing/detail/replay.hpp"

namespace proa::testing {
namespace {

std::uint64_t seed_under_way = 0;  // for the assert hook, which takes no context

void say_replay_command(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "assertion failed: %s (%s:%d)\n  replay: %s\n", condition, file, line,
               replay_command(seed_under_way).c_str());
}

/// The replay command is printed for a failed assertion too, of ours or because a state machine
/// threw.
class HookedAsserts {
 public:
  HookedAsserts() : before_(set_assert_hook(&say_replay_command)) {}
  ~HookedAsserts() { set_assert_hook(before_); }
  HookedAsserts(const HookedAsserts&) = delete;
  HookedAsserts& operator=(const HookedAsserts&) = delete;

 private:
  AssertHook before_;
};

void add(const ClusterFacts& facts, ClusterFacts& into) {
  into.events += facts.events;
  into.simulated += facts.simulated;
  into.acknowledged += facts.acknowledged;
  into.reads += facts.reads;
  into.elections += facts.elections;
  into.crashes += facts.crashes;
  into.snapshots += facts.snapshots;
  into.restores += facts.restores;
  into.states_compared += facts.states_compared;
}

}  // namespace

std::string to_string(const Finding& finding) {
  return "seed " + std::to_string(finding.seed) + " after " +
         proa::to_string(finding.at.since_start) + ": " + finding.what +
         "\n  replay: " + finding.replay;
}

std::string to_string(const Exploration& exploration) {
  const ClusterFacts& facts = exploration.facts;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(facts.simulated).count();
  std::string text =
      std::to_string(exploration.seeds) + " seeds, " + std::to_string(seconds) +
      " simulated seconds: " + std::to_string(facts.acknowledged) + " commands acknowledged, " +
      std::to_string(facts.reads) + " reads, " + std::to_string(facts.elections) + " elections, " +
      std::to_string(facts.crashes) + " crashes, " + std::to_string(facts.snapshots) +
      " snapshots taken and " + std::to_string(facts.restores) + " restored, " +
      std::to_string(facts.states_compared) + " states compared\n";
  if (facts.states_compared == 0) {
    text +=
        "of no command was the state seen twice: see Workload::state_of, and how many commands "
        "there were; ";
  }
  return text + (exploration.finding ? to_string(*exploration.finding) : "found nothing");
}

Exploration explore(const ClusterOptions& options, Seeds seeds,
                    const std::function<std::unique_ptr<Workload>()>& make_workload) {
  const HookedAsserts hooked;
  ClusterOptions chosen = options;
  if (const auto replayed = seed_to_replay()) {
    seeds = {.first = *replayed, .count = 1};
    chosen.tell = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
  }
  Exploration exploration;
  for (; exploration.seeds < seeds.count && !exploration.finding; ++exploration.seeds) {
    seed_under_way = seeds.first + exploration.seeds;
    const std::unique_ptr<Workload> workload = make_workload();
    Cluster cluster{*workload, chosen, seed_under_way};
    exploration.finding = cluster.run();
    add(cluster.facts(), exploration.facts);
  }
  return exploration;
}

}  // namespace proa::testing
