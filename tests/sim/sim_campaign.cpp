// Runs the standard campaign: clusters of the real Raft on simulated machines, one seed after the
// other, everything that can break breaking. Of a seed that fails it makes the smallest tape that
// fails in the same way, and prints the command that plays it.

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "proa/base/assert.hpp"
#include "proa/base/mutant.hpp"
#include "proa/testing/picture.hpp"
#include "proa/testing/play.hpp"
#include "tests/sim/coverage_tally.hpp"
#include "tests/sim/replay.hpp"
#include "tests/sim/tally.hpp"

namespace {

using proa::sim::SeedReport;

struct Arguments {
  std::uint64_t seeds = 200;
  std::uint64_t first = 1;
  std::string tape = {};  ///< plays it instead
  std::string mutant = {};
  std::string tapes = ".";  ///< where the minimal tapes go
  /// Tapes that are played to shrink one; 0: what fails is only reported, as known bugs are.
  std::optional<std::uint64_t> attempts = {};
  bool shrink = false;  ///< the seed is known to fail
  bool trace = false;
  std::string picture = {};              ///< a file
  std::uint64_t events = 160;            ///< in the picture
  bool twice = false;                    ///< run each seed twice and compare the traces
  std::string coverage = PROA_COVERAGE;  ///< what is required; `print`: what might be
};

/// What people see of a run.
class Show {
 public:
  explicit Show(const Arguments& arguments)
      : picture_(arguments.picture), journal_(picture_.empty() ? 0 : arguments.events) {
    if (!arguments.trace) return;
    journal_.on_event([](const proa::testing::JournalEvent& event) {
      std::printf("%s\n", to_string(event).c_str());
    });
  }
  static bool is_asked_for(const Arguments& arguments) {
    return arguments.trace || !arguments.picture.empty();
  }
  proa::testing::Journal& journal() { return journal_; }
  void breaks(const std::string& what) {
    journal_.add(proa::testing::Happening::violation, proa::testing::kNobody, what);
  }
  void finish() {
    if (picture_.empty()) return;
    if (const auto saved = proa::sim::save_text(picture_, picture_of(journal_)); !saved) {
      std::fprintf(stderr, "sim_campaign: %s\n", saved.error().detail.c_str());
    }
  }

 private:
  std::string picture_;
  proa::testing::Journal journal_;
};

constexpr std::uint64_t kAttempts = 1500;

std::uint64_t attempts_of(const Arguments& arguments) {
  if (Show::is_asked_for(arguments)) return 0;
  return arguments.attempts.value_or(arguments.mutant.empty() ? kAttempts : 0);
}

std::string program = "sim_campaign";

// Of the seed that runs now, for the assert hook.
std::string replay_command;
Show* show_of_this_run = nullptr;
std::vector<std::string> shrink_command;

int usage() {
  std::fprintf(stderr,
               "usage: sim_campaign [--seeds N] [--first S] [--twice]   a campaign\n"
               "       sim_campaign --seed S                            one seed of it\n"
               "       sim_campaign --tape FILE                         what a tape tells\n"
               "with   --coverage FILE   where a campaign must have been; print: where it was\n"
               "       --trace           every event, a line each\n"
               "       --picture FILE    the last events, as SVG;  --events N: how many\n"
               "       --attempts N      plays N tapes at most to shrink one that fails; 0: none\n"
               "       --shrink          of a seed or a tape that is known to fail\n"
               "       --tapes DIRECTORY where the minimal tapes go\n"
               "       --mutant NAME     puts a known bug back; none: not even the tape's own\n");
  return 2;
}

bool parse_flag(const std::string& word, Arguments& into) {
  if (word == "--trace") return into.trace = true;
  if (word == "--twice") return into.twice = true;
  if (word == "--shrink") return into.shrink = true;
  return false;
}

bool parse_value(const std::string& word, const char* value, Arguments& into) {
  const auto number = [value] { return std::strtoull(value, nullptr, 10); };
  if (word == "--seeds") return into.seeds = number(), true;
  if (word == "--first") return into.first = number(), true;
  if (word == "--seed") return into.first = number(), into.seeds = 1, true;
  if (word == "--attempts") return into.attempts = number(), true;
  if (word == "--picture") return into.picture = value, true;
  if (word == "--events") return into.events = number(), true;
  if (word == "--tape") return into.tape = value, true;
  if (word == "--tapes") return into.tapes = value, true;
  if (word == "--mutant") return into.mutant = value, true;
  if (word == "--coverage") return into.coverage = value, true;
  return false;
}

bool parse(int argc, char** argv, Arguments& into) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (parse_flag(word, into)) continue;
    if (i + 1 == argc || !parse_value(word, argv[++i], into)) return false;
  }
  return true;
}

/// Of a tape it may be `none`, though the tape names one.
bool choose(const std::string& name) { return proa::choose_mutant(name == "none" ? "" : name); }

std::string with_mutant(std::string command, const Arguments& arguments) {
  if (!arguments.mutant.empty()) command += " --mutant \"" + arguments.mutant + "\"";
  return command;
}

std::string replay_of(const Arguments& arguments, std::uint64_t seed) {
  return with_mutant(program + " --seed " + std::to_string(seed), arguments) + " --trace";
}

/// The process is beyond help: another one takes over and shrinks the tape.
void take_over_from_assertion(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "assertion failed: %s (%s:%d)\n  replay: %s\n", condition, file, line,
               replay_command.c_str());
  if (show_of_this_run != nullptr) {
    show_of_this_run->breaks(std::string("assertion failed: ") + condition);
    show_of_this_run->finish();
  }
  std::fflush(nullptr);
  if (shrink_command.empty()) return;
  std::vector<char*> words;
  for (std::string& word : shrink_command)
    words.push_back(word.data());
  words.push_back(nullptr);
  ::execv("/proc/self/exe", words.data());
}

void expect_assertions(const Arguments& arguments, std::uint64_t seed) {
  replay_command = replay_of(arguments, seed);
  shrink_command.clear();
  const std::uint64_t attempts = attempts_of(arguments);
  if (attempts == 0) return;
  shrink_command = {program,   "--seed",        std::to_string(seed), "--shrink",
                    "--tapes", arguments.tapes, "--attempts",         std::to_string(attempts)};
  if (arguments.mutant.empty()) return;
  shrink_command.push_back("--mutant");
  shrink_command.push_back(arguments.mutant);
}

/// Writes the smallest tape that breaks the same rule, and says how to play it.
int shrink(const Arguments& arguments, std::uint64_t seed, proa::testing::Played failing) {
  if (failing.violation.empty()) {
    std::fprintf(stderr, "seed %llu: nothing breaks when it is played again\n",
                 static_cast<unsigned long long>(seed));
    return 1;
  }
  const auto play = [seed](const auto& tape, const auto& limits) {
    return proa::sim::play(seed, tape, limits);
  };
  const auto tell = [](const std::string& line) {
    std::fprintf(stderr, "  shrinking: %s\n", line.c_str());
  };
  proa::testing::Shrinker shrinker(
      play, {.attempts_max = arguments.attempts.value_or(kAttempts), .tell = tell});
  proa::testing::Played best = shrinker.shrink(std::move(failing));
  proa::testing::TapeFile file{.seed = seed,
                               .mutant = arguments.mutant,
                               .rule = proa::testing::rule_of(best.violation),
                               .tape = std::move(best.recorded)};
  proa::testing::tidy(file.tape);
  const std::string path = arguments.tapes + "/sim-" + std::to_string(seed) + ".tape";
  if (const auto saved = proa::sim::save_text(path, to_text(file)); !saved) {
    std::fprintf(stderr, "  %s\n", saved.error().detail.c_str());
    return 1;
  }
  std::fprintf(stderr, "  smallest: %s\n  replay: %s --tape %s --trace\n", best.violation.c_str(),
               program.c_str(), path.c_str());
  return 1;
}

/// True if the seed is good.
bool judge(const Arguments& arguments, const SeedReport& report) {
  if (!report.violation) return true;
  std::fprintf(stderr, "seed %llu failed after %lld ms: %s\n  replay: %s\n",
               static_cast<unsigned long long>(report.seed),
               static_cast<long long>(report.simulated.count() / 1'000'000),
               report.violation->c_str(), replay_command.c_str());
  if (attempts_of(arguments) > 0) {
    shrink(arguments, report.seed, proa::sim::record(report.seed));
  }
  return false;
}

SeedReport run_and_show(const Arguments& arguments, proa::sim::RunOptions options) {
  if (!Show::is_asked_for(arguments)) return proa::sim::run_seed(options);
  Show show{arguments};
  show_of_this_run = &show;
  options.journal = &show.journal();
  const SeedReport report = proa::sim::run_seed(options);
  show_of_this_run = nullptr;
  show.finish();
  return report;
}

/// What a campaign has seen.
struct Sights {
  proa::sim::Tally tally = {};
  proa::sim::CoverageTally coverage = {};
  void add(const SeedReport& report) {
    tally.add(report);
    coverage.add(report.coverage);
  }
};

bool run_one(const Arguments& arguments, std::uint64_t seed, Sights& sights) {
  expect_assertions(arguments, seed);
  const SeedReport report = run_and_show(arguments, {.seed = seed});
  sights.add(report);
  if (!judge(arguments, report)) return false;
  if (!arguments.twice) return true;
  const SeedReport again = proa::sim::run_seed({.seed = seed});
  if (again.trace_hash == report.trace_hash) return true;
  std::fprintf(stderr, "seed %llu differs between two runs: %llx and %llx\n  replay: %s\n",
               static_cast<unsigned long long>(seed),
               static_cast<unsigned long long>(report.trace_hash),
               static_cast<unsigned long long>(again.trace_hash), replay_command.c_str());
  return false;
}

constexpr const char* kPrint = "print";
constexpr std::uint64_t kPercentWorthRequiring = 10;

proa::Result<void> require(const Arguments& arguments, proa::sim::CoverageTally& coverage) {
  const bool is_too_short = arguments.seeds < proa::sim::CoverageTally::kSeedsToJudge;
  const bool has_bug = !arguments.mutant.empty();  // which a rule has to find
  if (arguments.coverage == kPrint || is_too_short || has_bug) return {};
  PROA_TRY(const std::string text, proa::testing::load_text(arguments.coverage));
  if (auto known = coverage.require(text); !known) {
    return proa::fail(known.error().code, arguments.coverage + ", " + known.error().detail);
  }
  return {};
}

/// True if it was neither too quiet nor anywhere too little.
bool judge(const Arguments& arguments, const Sights& sights) {
  sights.coverage.print(stdout);
  if (arguments.coverage == kPrint) {
    std::printf("%s", sights.coverage.worth_requiring(kPercentWorthRequiring).c_str());
  }
  const auto quiet = sights.tally.too_quiet();
  const auto missed = sights.coverage.missed();
  for (const std::string& name : quiet)
    std::printf("too quiet: %s\n", name.c_str());
  for (const std::string& name : missed)
    std::printf("missed: %s\n", name.c_str());
  return quiet.empty() && missed.empty();
}

int run(const Arguments& arguments) {
  Sights sights;
  if (const auto known = require(arguments, sights.coverage); !known) {
    std::fprintf(stderr, "sim_campaign: %s\n", known.error().detail.c_str());
    return 2;
  }
  const auto begun = std::chrono::steady_clock::now();
  std::uint64_t failed = 0;
  for (std::uint64_t seed = arguments.first; seed < arguments.first + arguments.seeds; ++seed) {
    if (run_one(arguments, seed, sights)) continue;
    ++failed;
    if (!arguments.mutant.empty()) break;  // found
  }
  sights.tally.print(stdout, std::chrono::steady_clock::now() - begun);
  const bool good = judge(arguments, sights) && failed == 0;
  std::printf(good ? "sim_campaign: found nothing\n" : "sim_campaign: FAILED\n");
  return good ? 0 : 1;
}

/// Plays it as it is.
int run_tape(const Arguments& arguments, const proa::testing::TapeFile& file) {
  replay_command = with_mutant(program + " --tape " + arguments.tape, arguments);
  proa::testing::TapeDeck deck{file.tape};
  const SeedReport report = run_and_show(arguments, {.seed = file.seed, .deck = &deck});
  std::printf("%s: %lld ms, %llu events, trace hash %llx\n", arguments.tape.c_str(),
              static_cast<long long>(report.simulated.count() / 1'000'000),
              static_cast<unsigned long long>(report.events),
              static_cast<unsigned long long>(report.trace_hash));
  std::printf("%s\n", report.violation ? report.violation->c_str() : "nothing breaks");
  return report.violation ? 1 : 0;
}

int shrink_again(const Arguments& arguments, const proa::testing::TapeFile& file) {
  return shrink(arguments, file.seed, proa::sim::play(file.seed, file.tape, {}));
}

int run_tape(Arguments arguments) {
  const auto file = proa::sim::load_tape(arguments.tape);
  if (!file) {
    std::fprintf(stderr, "sim_campaign: %s\n", file.error().detail.c_str());
    return 2;
  }
  if (arguments.mutant.empty()) arguments.mutant = file->mutant;
  if (!choose(arguments.mutant)) {
    std::fprintf(stderr, "sim_campaign: without '%s', which only PROA_MUTANTS=ON compiles in\n",
                 arguments.mutant.c_str());
  }
  return arguments.shrink ? shrink_again(arguments, *file) : run_tape(arguments, *file);
}

}  // namespace

int main(int argc, char** argv) {
  program = argv[0];
  Arguments arguments;
  if (!parse(argc, argv, arguments)) return usage();
  proa::set_assert_hook(&take_over_from_assertion);
  if (!arguments.tape.empty()) return run_tape(arguments);
  if (!choose(arguments.mutant)) {
    std::fprintf(stderr, "sim_campaign: this build contains no mutants (PROA_MUTANTS=ON does)\n");
    return 2;
  }
  if (arguments.shrink)
    return shrink(arguments, arguments.first, proa::sim::record(arguments.first));
  return run(arguments);
}
