#include "proa/testing/detail/replay.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace proa::testing {
namespace {

constexpr char kVariable[] = "PROA_SEED";
constexpr std::size_t kTimeColumns = 9;

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

}  // namespace

std::string replay_command(std::uint64_t seed) {
  return std::string{kVariable} + "=" + std::to_string(seed) + command_line();
}

std::optional<std::uint64_t> seed_to_replay() {
  const char* text = std::getenv(kVariable);
  if (text == nullptr) return std::nullopt;
  char* end = nullptr;
  const std::uint64_t seed = std::strtoull(text, &end, 10);
  return end == text || *end != '\0' ? std::nullopt : std::optional{seed};
}

std::string time_text(Duration elapsed) {
  const std::string text =
      std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count());
  return std::string(text.size() < kTimeColumns ? kTimeColumns - text.size() : 0, ' ') + text +
         " ms";
}

}  // namespace proa::testing
