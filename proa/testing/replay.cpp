#include "proa/testing/detail/replay.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace proa::testing {
namespace {

constexpr char kSeed[] = "PROA_SEED";
constexpr char kShrink[] = "PROA_SHRINK";
constexpr char kTape[] = "PROA_TAPE";
constexpr char kTrace[] = "PROA_TRACE";

std::string quoted(const std::string& word) {
  const bool is_plain = word.find_first_of(" \t\"'$&*?;<>()|\\`!#~{}[]") == std::string::npos;
  if (is_plain && !word.empty()) return word;
  std::string text = "'";
  for (const char letter : word)
    text += letter == '\'' ? std::string{"'\\''"} : std::string{letter};
  return text + "'";
}

/// As the system has it: its words end in zeros.
std::string command_line() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen("/proc/self/cmdline", "r"),
                                                             &std::fclose};
  std::string text;
  std::string word;
  for (int letter = 0; file != nullptr && (letter = std::fgetc(file.get())) != EOF;) {
    if (letter != 0) {
      word += static_cast<char>(letter);
      continue;
    }
    text += " " + quoted(word);
    word.clear();
  }
  return text.empty() ? " <this program>" : text;
}

/// Nothing if the variable is not set, or no number.
std::optional<std::uint64_t> number_of(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  char* end = nullptr;
  const std::uint64_t number = std::strtoull(text, &end, 10);
  return end == text || *end != '\0' ? std::nullopt : std::optional{number};
}

}  // namespace

Wishes wishes() {
  const char* tape = std::getenv(kTape);
  return {.seed = number_of(kSeed),
          .shrink_attempts = static_cast<std::size_t>(number_of(kShrink).value_or(0)),
          .tape = tape == nullptr ? "" : tape,
          .trace = std::getenv(kTrace) != nullptr};
}

std::string replay_command(std::uint64_t seed) {
  return std::string{kSeed} + "=" + std::to_string(seed) + command_line();
}

std::string replay_command(const std::string& tape) {
  return std::string{kTape} + "=" + quoted(tape) + command_line();
}

}  // namespace proa::testing
