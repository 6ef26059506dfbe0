// Crashes a log, a stable store and a snapshot store at every place of short traces, lets every
// part of what was not synced survive, and recovers. Prints for each trace how much was tried.

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "proa/base/assert.hpp"
#include "proa/base/mutant.hpp"
#include "tests/wal/traces.hpp"

namespace {

using proa::sim::ExhaustionLimits;
using proa::sim::ExhaustionReport;
using proa::sim::Trace;
using proa::sim::Traces;

/// How far one run goes with sectors of one size.
struct Pass {
  std::size_t sector_bytes = 0;
  ExhaustionLimits limits = {};
};

/// A run, and what it is required to try, or it proves too little.
struct Form {
  std::vector<Pass> passes = {};
  std::uint64_t states_required = 0;
};

Form short_form() {
  return {.passes = {{512, {.outcomes_max = 1 << 10, .crashes_max = 1}},
                     {4096, {.outcomes_max = 1 << 10, .crashes_max = 2}}},
          .states_required = 20'000};
}

Form long_form() {
  return {.passes = {{512, {.outcomes_max = 1 << 16, .crashes_max = 1}},
                     {512, {.outcomes_max = 1 << 8, .crashes_max = 2}},
                     {4096, {.outcomes_max = 1 << 8, .further_lives = 2, .crashes_max = 3}}},
          .states_required = 200'000};
}

struct Arguments {
  bool is_long = false;
  std::string part = {};   ///< of the name of a trace
  std::uint64_t pass = 0;  ///< this one alone, counted from 1; 0: all
  std::string mutant = {};
};

std::string running;  // for the assert hook

void say_what_ran(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "assertion failed: %s (%s:%d)\n  replay: %s\n", condition, file, line,
               running.c_str());
}

bool parse(int argc, char** argv, Arguments& into) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool has_value = i + 1 < argc;
    if (word == "--long") {
      into.is_long = true;
    } else if (word == "--trace" && has_value) {
      into.part = argv[++i];
    } else if (word == "--pass" && has_value) {
      into.pass = std::strtoull(argv[++i], nullptr, 10);
    } else if (word == "--mutant" && has_value) {
      into.mutant = argv[++i];
    } else {
      return false;
    }
  }
  return true;
}

Traces all_traces(std::size_t sector_bytes) {
  Traces all;
  for (auto make : {proa::sim::wal_traces, proa::sim::stable_traces, proa::sim::snapshot_traces}) {
    for (auto& trace : make(sector_bytes))
      all.push_back(std::move(trace));
  }
  return all;
}

void print_head() {
  std::printf("%-42s %6s %7s %7s %9s %9s %8s %8s  %s\n", "", "sector", "crashes", "crash",
              "unsynced", "", "", "sampled", "");
  std::printf("%-42s %6s %7s %7s %9s %9s %8s %8s  %s\n", "trace", "bytes", "in a row", "points",
              "at once", "outcomes", "states", "points", "verdict");
}

void print(const Trace& trace, const ExhaustionReport& report) {
  const auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf("%-42s %6llu %7llu %8llu %9llu %9llu %8llu %8llu  %s\n", trace.name().c_str(),
              number(trace.disk().sector_bytes), number(report.crashes_max),
              number(report.crash_points), number(report.unsynced_max), number(report.outcomes),
              number(report.states), number(report.sampled), report.violation ? "FAILED" : "good");
  std::fflush(stdout);
}

/// Everything that was tried so far.
struct Sum {
  ExhaustionReport tried = {};
  std::uint64_t traces = 0;
  std::uint64_t failed = 0;
};

void run(const Pass& pass, const Arguments& arguments, Sum& sum) {
  for (const auto& trace : all_traces(pass.sector_bytes)) {
    if (trace->name().find(arguments.part) == std::string::npos) continue;
    running = "crash_exhaustion --trace \"" + trace->name() + "\"";
    if (arguments.is_long) running += " --long";
    if (!arguments.mutant.empty()) running += " --mutant \"" + arguments.mutant + "\"";
    const ExhaustionReport report = proa::sim::exhaust(*trace, pass.limits);
    print(*trace, report);
    ++sum.traces;
    sum.tried.crash_points += report.crash_points;
    sum.tried.outcomes += report.outcomes;
    sum.tried.states += report.states;
    sum.tried.sampled += report.sampled;
    if (!report.violation) continue;
    ++sum.failed;
    std::fprintf(stderr, "trace \"%s\" failed with sectors of %zu bytes: %s\n  replay: %s\n",
                 trace->name().c_str(), pass.sector_bytes, report.violation->c_str(),
                 running.c_str());
    if (!arguments.mutant.empty()) return;  // found
  }
}

int run(const Arguments& arguments) {
  proa::set_assert_hook(&say_what_ran);
  const Form form = arguments.is_long ? long_form() : short_form();
  print_head();
  Sum sum;
  for (std::size_t i = 0; i < form.passes.size(); ++i) {
    if (arguments.pass != 0 && arguments.pass != i + 1) continue;
    if (sum.failed == 0 || arguments.mutant.empty()) run(form.passes[i], arguments, sum);
  }
  const auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf(
      "%llu traces, %llu crash points (%llu of them sampled), %llu outcomes, %llu different "
      "states recovered and checked",
      number(sum.traces), number(sum.tried.crash_points), number(sum.tried.sampled),
      number(sum.tried.outcomes), number(sum.tried.states));
  const bool whole = arguments.part.empty() && arguments.pass == 0 && arguments.mutant.empty();
  if (whole) std::printf(", %llu required", number(form.states_required));
  const bool enough = !whole || sum.tried.states >= form.states_required;
  const bool good = sum.failed == 0 && sum.traces > 0 && enough;
  std::printf("\n%s\n", good ? "crash_exhaustion found nothing" : "crash_exhaustion FAILED");
  return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!parse(argc, argv, arguments)) {
    std::fprintf(
        stderr,
        "usage: crash_exhaustion [--long] [--pass N] [--trace NAME-PART] [--mutant NAME]\n");
    return 2;
  }
  if (!proa::choose_mutant(arguments.mutant)) {
    std::fprintf(stderr,
                 "crash_exhaustion: this build contains no mutants (PROA_MUTANTS=ON does)\n");
    return 2;
  }
  return run(arguments);
}
