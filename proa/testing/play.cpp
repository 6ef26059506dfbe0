#include "proa/testing/play.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "proa/testing/child.hpp"

namespace proa::testing {
namespace {

/// Two numbers and a line, then the tape.
std::string message(const RunEnd& end, const TapeDeck& deck) {
  return std::to_string(end.simulated.count()) + " " + std::to_string(end.events) + " " +
         std::to_string(end.violation.size()) + "\n" + end.violation + to_bytes(deck.recorded());
}

Played played(const std::string& message) {
  Played result;
  char* at = nullptr;
  result.simulated = Duration{std::strtoll(message.c_str(), &at, 10)};
  result.events = std::strtoull(at, &at, 10);
  const std::uint64_t size = std::strtoull(at, &at, 10);
  const std::size_t begin = static_cast<std::size_t>(at - message.c_str()) + 1;
  result.violation = message.substr(begin, size);
  result.recorded = tape_of_bytes(std::string_view(message).substr(begin + size));
  return result;
}

}  // namespace

Played play_in_child(TapeDeck& deck, const PlayLimits& limits, const std::function<RunEnd()>& run) {
  const auto last_words = [&](const std::string& assertion) {
    return message(
        {.violation = assertion, .simulated = deck.now().since_start, .events = deck.events()},
        deck);
  };
  const auto said =
      run_in_child({.run = [&] { return message(run(), deck); }, .last_words = last_words});
  if (said) return played(*said);
  return {.violation = said.error().detail,
          .recorded = deck.to_play(),
          .simulated = limits.stop_after,
          .events = limits.events_max};
}

Result<std::string> load_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(Errc::io_error, "cannot read " + path);
  return std::string{std::istreambuf_iterator<char>(in), {}};
}

Result<TapeFile> load_tape(const std::string& path) {
  PROA_TRY(const std::string text, load_text(path));
  return parse_tape(text);
}

Result<void> save_text(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  if (!out.flush()) return fail(Errc::io_error, "cannot write " + path);
  return {};
}

}  // namespace proa::testing
