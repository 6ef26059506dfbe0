#include <cstdio>
#include <utility>

#include "proa/base/assert.hpp"
#include "proa/testing/cluster.hpp"
#include "proa/testing/detail/replay.hpp"
#include "proa/testing/play.hpp"

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

void say(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

/// Runs what the caller or the environment asks for.
class Explorer {
 public:
  using MakeWorkload = std::function<std::unique_ptr<Workload>()>;
  Explorer(ClusterOptions options, const MakeWorkload& make_workload)
      : options_(std::move(options)), make_workload_(make_workload), wishes_(wishes()) {
    options_.tell_everything = options_.tell_everything || wishes_.trace;
  }

  Exploration run(Seeds seeds) {
    if (!wishes_.tape.empty()) {
      play_file();
      return std::move(exploration_);
    }
    if (wishes_.seed) seeds = {.first = *wishes_.seed, .count = 1};
    while (exploration_.seeds < seeds.count && !exploration_.finding)
      run_seed(seeds.first + exploration_.seeds, {}, wishes_.seed.has_value());
    if (exploration_.finding && wishes_.shrink_attempts > 0) shrink(*exploration_.finding);
    return std::move(exploration_);
  }

 private:
  void run_seed(std::uint64_t seed, Playback playback, bool is_told) {
    seed_under_way = seed;
    ClusterOptions options = options_;
    if (is_told) options.tell = &say;
    const std::unique_ptr<Workload> workload = make_workload_();
    Cluster cluster{*workload, std::move(options), seed, playback};
    exploration_.finding = cluster.run();
    add(cluster.facts(), exploration_.facts);
    ++exploration_.seeds;
  }

  void play_file() {
    const auto file = load_tape(wishes_.tape);
    if (!file) {
      exploration_.finding = {.what = to_string(file.error()),
                              .replay = replay_command(wishes_.tape)};
      return;
    }
    TapeDeck deck{file->tape};
    run_seed(file->seed, {.deck = &deck}, true);
    if (exploration_.finding) exploration_.finding->replay = replay_command(wishes_.tape);
  }

  Played play(TapeDeck deck, std::uint64_t seed, const PlayLimits& limits) const {
    return play_in_child(deck, limits, [&] {
      const std::unique_ptr<Workload> workload = make_workload_();
      Cluster cluster{
          *workload,
          options_,
          seed,
          {.deck = &deck, .stop_after = limits.stop_after, .events_max = limits.events_max}};
      const std::optional<Finding> finding = cluster.run();
      const ClusterFacts facts = cluster.facts();
      return RunEnd{.violation = finding ? finding->what : "",
                    .simulated = facts.simulated,
                    .events = facts.events};
    });
  }

  /// The finding becomes the smallest that breaks the same rule.
  void shrink(Finding& finding) {
    Shrinker shrinker{[&](const Tape& tape, const PlayLimits& limits) {
                        return play(TapeDeck{tape}, finding.seed, limits);
                      },
                      {.attempts_max = wishes_.shrink_attempts, .tell = &say}};
    Played best = shrinker.shrink(play(TapeDeck{}, finding.seed, {}));
    const std::string path = "proa-" + std::to_string(finding.seed) + ".tape";
    finding.at = Instant{best.simulated};
    finding.what = best.violation;
    const TapeFile file{
        .seed = finding.seed, .rule = rule_of(best.violation), .tape = std::move(best.recorded)};
    const auto saved = save_text(path, to_text(file));
    if (saved) finding.replay = replay_command(path);
    if (!saved) say(to_string(saved.error()));
  }

  ClusterOptions options_;
  const MakeWorkload& make_workload_;
  Wishes wishes_;
  Exploration exploration_;
};

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
  return Explorer{options, make_workload}.run(seeds);
}

}  // namespace proa::testing
