#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "proa/base/assert.hpp"
#include "proa/base/mutant.hpp"
#include "proa/testing/play.hpp"
#include "tests/redis/redis_campaign.hpp"

//     redis_campaign [--seeds N] [--first SEED] [--twice] [--mutant NAME] [--history FILE]
//
// Runs the campaign of redis_campaign.hpp over consecutive seeds and prints what they saw. --twice
// runs each seed a second time and compares the traces. --mutant, in a build that has them,
// switches on a known bug. --history writes what clients asked and were told in the last seed that
// ran. Ends with 1 at the first violation.

namespace {

std::uint64_t running_seed = 0;
std::string chosen_mutant;

int failed(std::uint64_t seed, const char* why) {
  const std::string mutant = chosen_mutant.empty() ? "" : " --mutant '" + chosen_mutant + "'";
  std::printf("seed %llu: %s\nreplay: redis_campaign --seeds 1 --first %llu%s\n",
              static_cast<unsigned long long>(seed), why, static_cast<unsigned long long>(seed),
              mutant.c_str());
  return 1;
}

void print(const proa::redis::CampaignTally& tally) {
  const auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  using Kind = proa::testing::Operation::Kind;
  const auto of = [&](Kind kind) {
    return number(tally.writes_of[static_cast<std::size_t>(kind)]);
  };
  std::printf(
      "%llu seeds: %llu writes acknowledged (%llu SET, %llu SET NX, %llu DEL, %llu INCR), %llu "
      "refused, %llu unknown as told, %llu unknown "
      "because the connection ended, %llu reads; %llu requests through followers, %llu leaders "
      "crashed, %llu pauses, %llu snapshots taken, %llu restored; %llu histories undecided\n",
      number(tally.seeds), number(tally.writes), of(Kind::write), of(Kind::compare_and_set),
      of(Kind::remove), of(Kind::increment), number(tally.refused), number(tally.unknown_told),
      number(tally.unknown_ended), number(tally.reads), number(tally.through_followers),
      number(tally.leader_crashes), number(tally.pauses), number(tally.snapshots_taken),
      number(tally.snapshots_restored), number(tally.undecided));
}

void keep(const std::vector<proa::testing::Operation>& history, const std::string& path) {
  const auto kept = proa::testing::save_text(path, proa::testing::to_text(history));
  if (!kept) std::fprintf(stderr, "redis_campaign: %s\n", kept.error().detail.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t seeds = 20;
  std::uint64_t first = 1;
  bool twice = false;
  std::string history_path;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--twice") twice = true;
    if (argument == "--seeds" && i + 1 < argc) seeds = std::strtoull(argv[++i], nullptr, 10);
    if (argument == "--mutant" && i + 1 < argc && !proa::choose_mutant(chosen_mutant = argv[++i])) {
      std::fprintf(stderr, "redis_campaign: this build has no mutants, see the preset mutants\n");
      return 2;
    }
    if (argument == "--history" && i + 1 < argc) history_path = argv[++i];
    if (argument == "--first" && i + 1 < argc) first = std::strtoull(argv[++i], nullptr, 10);
  }
  proa::set_assert_hook([](const char* condition, const char* file, int line) {
    std::printf("%s:%d: assertion %s\n", file, line, condition);
    failed(running_seed, "an assertion failed");
    std::fflush(stdout);
  });
  proa::redis::CampaignTally all;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    running_seed = seed;
    const proa::redis::CampaignReport report = proa::redis::run_campaign(seed);
    if (!history_path.empty()) keep(report.history, history_path);
    if (report.violation) return failed(seed, report.violation->c_str());
    if (twice && proa::redis::run_campaign(seed).trace_hash != report.trace_hash) {
      return failed(seed, "two runs of the seed differ");
    }
    all.add(report.tally);
  }
  print(all);
  return 0;
}
