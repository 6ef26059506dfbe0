#include "tests/sim/replay.hpp"

#include <fstream>
#include <iterator>

#include "proa/testing/child.hpp"

namespace proa::sim {
namespace {

using testing::Played;

constexpr std::uint64_t kRecordEventsMax = 100'000'000;

struct Said {
  std::string violation = {};
  Duration simulated = {};
  std::uint64_t events = 0;
};

/// Two numbers and a line, then the tape.
std::string message(const Said& said, const testing::TapeDeck& deck) {
  return std::to_string(said.simulated.count()) + " " + std::to_string(said.events) + " " +
         std::to_string(said.violation.size()) + "\n" + said.violation +
         testing::to_bytes(deck.recorded());
}

Played played(const std::string& message) {
  Played result;
  char* at = nullptr;
  result.simulated = Duration{std::strtoll(message.c_str(), &at, 10)};
  result.events = std::strtoull(at, &at, 10);
  const std::uint64_t size = std::strtoull(at, &at, 10);
  const std::size_t begin = static_cast<std::size_t>(at - message.c_str()) + 1;
  result.violation = message.substr(begin, size);
  result.recorded = testing::tape_of_bytes(std::string_view(message).substr(begin + size));
  return result;
}

/// What has broken, if anything; `tape` is what is left if the process dies without a word.
Played play_in_child(testing::TapeDeck& deck, RunOptions options, const testing::Tape& tape) {
  options.deck = &deck;
  const auto run = [&] {
    const SeedReport report = run_seed(options);
    return message({.violation = report.violation.value_or(""),
                    .simulated = report.simulated,
                    .events = report.events},
                   deck);
  };
  const auto last_words = [&](const std::string& assertion) {
    return message(
        {.violation = assertion, .simulated = deck.now().since_start, .events = deck.events()},
        deck);
  };
  const auto said = testing::run_in_child({.run = run, .last_words = last_words});
  if (said) return played(*said);
  return {.violation = said.error().detail,
          .recorded = tape,
          .simulated = options.stop_after,
          .events = options.events_max};
}

}  // namespace

Result<testing::TapeFile> load_tape(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(Errc::io_error, "cannot read " + path);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  return testing::parse_tape(text);
}

Result<void> save(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  if (!out.flush()) return fail(Errc::io_error, "cannot write " + path);
  return {};
}

Played record(std::uint64_t seed) {
  testing::TapeDeck deck;
  return play_in_child(deck, {.seed = seed, .events_max = kRecordEventsMax}, {});
}

Played play(std::uint64_t seed, const testing::Tape& tape, const testing::PlayLimits& limits) {
  testing::TapeDeck deck{tape};
  return play_in_child(
      deck, {.seed = seed, .stop_after = limits.stop_after, .events_max = limits.events_max}, tape);
}

}  // namespace proa::sim
