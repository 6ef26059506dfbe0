// Runs the standard campaign: clusters of the real Raft on simulated machines, one seed after the
// other, everything that can break breaking. Prints a replay command for a seed that fails.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "proa/base/assert.hpp"
#include "proa/base/mutant.hpp"
#include "tests/sim/campaign.hpp"
#include "tests/sim/tally.hpp"

namespace {

using proa::sim::SeedReport;

struct Arguments {
  std::uint64_t seeds = 200;
  std::uint64_t first = 1;
  std::string mutant = {};
  bool trace = false;
  bool twice = false;  ///< run each seed twice and compare the traces
};

std::string replay_command;  // of the seed that runs now, for the assert hook

int usage() {
  std::fprintf(stderr,
               "usage: sim_campaign [--seeds N] [--first S] [--twice] [--trace]"
               " [--mutant NAME]\n");
  return 2;
}

bool parse(int argc, char** argv, Arguments& into) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool has_value = i + 1 < argc;
    if (word == "--trace") {
      into.trace = true;
    } else if (word == "--twice") {
      into.twice = true;
    } else if (word == "--seeds" && has_value) {
      into.seeds = std::strtoull(argv[++i], nullptr, 10);
    } else if (word == "--first" && has_value) {
      into.first = std::strtoull(argv[++i], nullptr, 10);
    } else if (word == "--mutant" && has_value) {
      into.mutant = argv[++i];
    } else {
      return false;
    }
  }
  return true;
}

bool choose(const std::string& name) {
#if PROA_MUTANTS
  proa::choose_mutant(name);
  return true;
#else
  return name.empty();
#endif
}

std::string replay_of(const Arguments& arguments, std::uint64_t seed) {
  std::string command = "sim_campaign --seeds 1 --first " + std::to_string(seed);
  if (!arguments.mutant.empty()) command += " --mutant \"" + arguments.mutant + "\"";
  return command + " --trace";
}

void say_replay_command(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "assertion failed: %s (%s:%d)\n  replay: %s\n", condition, file, line,
               replay_command.c_str());
}

/// True if the seed is good.
bool judge(const SeedReport& report) {
  if (!report.violation) return true;
  std::fprintf(stderr, "seed %llu failed after %lld ms: %s\n  replay: %s\n",
               static_cast<unsigned long long>(report.seed),
               static_cast<long long>(report.simulated.count() / 1'000'000),
               report.violation->c_str(), replay_command.c_str());
  return false;
}

bool run_one(const Arguments& arguments, std::uint64_t seed, proa::sim::Tally& tally) {
  replay_command = replay_of(arguments, seed);
  const SeedReport report = proa::sim::run_seed({.seed = seed, .trace = arguments.trace});
  tally.add(report);
  if (!judge(report)) return false;
  if (!arguments.twice) return true;
  const SeedReport again = proa::sim::run_seed({.seed = seed});
  if (again.trace_hash == report.trace_hash) return true;
  std::fprintf(stderr, "seed %llu differs between two runs: %llx and %llx\n  replay: %s\n",
               static_cast<unsigned long long>(seed),
               static_cast<unsigned long long>(report.trace_hash),
               static_cast<unsigned long long>(again.trace_hash), replay_command.c_str());
  return false;
}

int run(const Arguments& arguments) {
  proa::set_assert_hook(&say_replay_command);
  proa::sim::Tally tally;
  const auto begun = std::chrono::steady_clock::now();
  std::uint64_t failed = 0;
  for (std::uint64_t seed = arguments.first; seed < arguments.first + arguments.seeds; ++seed) {
    if (run_one(arguments, seed, tally)) continue;
    ++failed;
    if (!arguments.mutant.empty()) break;  // found
  }
  tally.print(stdout, std::chrono::steady_clock::now() - begun);
  bool good = failed == 0;
  for (const std::string& name : tally.too_quiet()) {
    std::printf("too quiet: %s\n", name.c_str());
    good = false;
  }
  std::printf(good ? "sim_campaign: found nothing\n" : "sim_campaign: FAILED\n");
  return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!parse(argc, argv, arguments)) return usage();
  if (!choose(arguments.mutant)) {
    std::fprintf(stderr, "sim_campaign: this build contains no mutants (PROA_MUTANTS=ON does)\n");
    return 2;
  }
  return run(arguments);
}
