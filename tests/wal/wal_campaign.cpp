// Runs the log on a simulated disk through crash after crash, one seed after the other, and
// compares it with a model. Prints what happened, and a replay command for a seed that fails.

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "proa/base/assert.hpp"
#include "proa/base/mutant.hpp"
#include "tests/wal/wal_seed.hpp"

namespace {

using proa::sim::WalReport;

constexpr std::uint64_t kSeedsToJudge = 20;
constexpr std::uint64_t kPercentRequired = 95;

struct Arguments {
  std::uint64_t seeds = 200;
  std::uint64_t first = 1;
  std::string mutant = {};
  bool trace = false;
};

/// What has to happen in almost every seed, or the campaign proves too little.
struct Row {
  const char* name = "";
  std::uint64_t WalReport::* value = nullptr;
  bool required = false;
  std::uint64_t sum = 0;
  std::uint64_t seeds = 0;  ///< in which it was above zero
};

std::vector<Row> rows() {
  return {{"steps acknowledged", &WalReport::steps, true},
          {"crashes", &WalReport::crashes, true},
          {"  of which power cuts", &WalReport::power_cuts, true},
          {"  of which during recovery", &WalReport::crashes_during_recovery, true},
          {"torn tails", &WalReport::torn_tails, true},
          {"torn tails recognised", &WalReport::torn_tails_told},
          {"unacknowledged steps kept", &WalReport::unacknowledged_kept, true},
          {"unacknowledged steps lost", &WalReport::unacknowledged_lost, true},
          {"suffix truncations", &WalReport::suffix_cuts, true},
          {"prefix truncations", &WalReport::prefix_cuts, true},
          {"restarts", &WalReport::restarts, true},
          {"segments begun", &WalReport::rolls, true},
          {"  of which recycled", &WalReport::rolls_into_recycled, true},
          {"  of which unprepared", &WalReport::unprepared_rolls},
          {"  of which oversized", &WalReport::oversized},
          {"segments deleted", &WalReport::removed},
          {"footers written", &WalReport::footers, true},
          {"disk errors met", &WalReport::disk_errors},
          {"tails copied after one", &WalReport::tails_copied}};
}

std::string replay_command;  // of the seed that runs now, for the assert hook

void say_replay_command(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "assertion failed: %s (%s:%d)\n  replay: %s\n", condition, file, line,
               replay_command.c_str());
}

bool parse(int argc, char** argv, Arguments& into) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool has_value = i + 1 < argc;
    if (word == "--trace") {
      into.trace = true;
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

void add(std::vector<Row>& into, const WalReport& report) {
  for (Row& row : into) {
    row.sum += report.*row.value;
    if (report.*row.value > 0) ++row.seeds;
  }
}

/// True if the seed is good, twice in the same way.
bool run_one(const Arguments& arguments, std::uint64_t seed, std::vector<Row>& into) {
  replay_command = "wal_campaign --seeds 1 --first " + std::to_string(seed);
  if (!arguments.mutant.empty()) replay_command += " --mutant \"" + arguments.mutant + "\"";
  replay_command += " --trace";
  const auto number = static_cast<unsigned long long>(seed);

  const WalReport report = proa::sim::run_wal_seed(seed, arguments.trace);
  add(into, report);
  if (report.violation) {
    std::fprintf(stderr, "seed %llu failed: %s\n  replay: %s\n", number, report.violation->c_str(),
                 replay_command.c_str());
    return false;
  }
  const WalReport again = proa::sim::run_wal_seed(seed, false);
  if (again.trace_hash == report.trace_hash) return true;
  std::fprintf(stderr, "seed %llu differs between two runs\n  replay: %s\n", number,
               replay_command.c_str());
  return false;
}

/// True unless something happened in too few seeds.
bool print(const std::vector<Row>& counted, std::uint64_t seeds) {
  bool good = true;
  std::printf("%-30s %12s %8s\n", "", "sum", "seeds");
  for (const Row& row : counted) {
    const bool quiet =
        row.required && seeds >= kSeedsToJudge && row.seeds * 100 < seeds * kPercentRequired;
    std::printf("%-30s %12llu %8llu%s%s\n", row.name, static_cast<unsigned long long>(row.sum),
                static_cast<unsigned long long>(row.seeds), row.required ? "  required" : "",
                quiet ? ", too quiet" : "");
    good = good && !quiet;
  }
  return good;
}

int run(const Arguments& arguments) {
  proa::set_assert_hook(&say_replay_command);
  std::vector<Row> counted = rows();
  std::uint64_t seeds = 0;
  std::uint64_t failed = 0;
  for (std::uint64_t seed = arguments.first; seed < arguments.first + arguments.seeds; ++seed) {
    ++seeds;
    if (run_one(arguments, seed, counted)) continue;
    ++failed;
    if (!arguments.mutant.empty()) break;  // found
  }
  const bool loud = print(counted, seeds);
  const bool good = failed == 0 && (loud || !arguments.mutant.empty());
  std::printf("%llu seeds, each run twice: %s\n", static_cast<unsigned long long>(seeds),
              good ? "wal_campaign found nothing" : "wal_campaign FAILED");
  return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!parse(argc, argv, arguments)) {
    std::fprintf(stderr, "usage: wal_campaign [--seeds N] [--first S] [--trace] [--mutant NAME]\n");
    return 2;
  }
  if (!proa::choose_mutant(arguments.mutant)) {
    std::fprintf(stderr, "wal_campaign: this build contains no mutants (PROA_MUTANTS=ON does)\n");
    return 2;
  }
  return run(arguments);
}
