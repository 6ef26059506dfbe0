#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "bench/floor/cluster.hpp"
#include "bench/floor/probes.hpp"
#include "bench/floor/report.hpp"

namespace proa::bench {
namespace {

constexpr const char* kUsage =
    "bare_write_path [--dir DIR] [--rounds N] [--probes N] [--commands N,N,...] [--json FILE]\n"
    "\n"
    "Measures what sockets and files alone cost: the floor of every replicated write.\n"
    "  --dir DIR       where the logs go, on the disk that is meant (default: here)\n"
    "  --rounds N      rounds for each number of commands, 0 for none (default: 2000)\n"
    "  --probes N      repetitions of each probe of a part, 0 for none (default: 1000)\n"
    "  --commands ...  commands per round (default: 1,16,64,256,1024)\n"
    "  --json FILE     the same figures for programs\n";

struct Options {
  std::string directory = ".";
  std::size_t rounds = 2000;
  std::size_t probes = 1000;
  std::vector<std::size_t> commands = {1, 16, 64, 256, 1024};
  std::string json = {};
};

std::size_t number_of(const std::string& text) {
  std::size_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stopped != end) die("not a number: " + text);
  return number;
}

std::vector<std::size_t> numbers_of(std::string_view text) {
  std::vector<std::size_t> numbers;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    numbers.push_back(number_of(std::string{text.substr(0, comma)}));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return numbers;
}

Options options_of(std::span<char*> arguments) {
  Options options;
  for (std::size_t at = 1; at < arguments.size(); at += 2) {
    const std::string_view name = arguments[at];
    if (at + 1 == arguments.size()) die(kUsage);
    const std::string value = arguments[at + 1];
    if (name == "--dir") {
      options.directory = value;
    } else if (name == "--rounds") {
      options.rounds = number_of(value);
    } else if (name == "--probes") {
      options.probes = number_of(value);
    } else if (name == "--commands") {
      options.commands = numbers_of(value);
    } else if (name == "--json") {
      options.json = value;
    } else {
      die(kUsage);
    }
  }
  return options;
}

/// Made inside the directory that was named, and gone afterwards.
class WorkDirectory {
 public:
  explicit WorkDirectory(const std::string& parent) : path_(parent + "/bare_write_path-XXXXXX") {
    require(::mkdtemp(path_.data()) != nullptr, "make a directory");
  }
  WorkDirectory(const WorkDirectory&) = delete;
  WorkDirectory& operator=(const WorkDirectory&) = delete;
  ~WorkDirectory() {
    std::error_code ignored;  // nothing depends on it
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void run(const Options& options) {
  const WorkDirectory directory(options.directory);
  std::vector<RoundResult> rounds;
  if (options.rounds > 0) {
    rounds = measure_rounds(directory.path(), options.commands, options.rounds);
  }
  std::vector<Probe> probes;
  if (options.probes > 0) probes = measure_probes(directory.path(), options.probes);
  std::fputs(as_table(rounds, probes).c_str(), stdout);
  if (options.json.empty()) return;
  std::ofstream file(options.json);
  file << as_json(rounds, probes);
  file.close();
  require(file.good(), "write the JSON file");
}

}  // namespace
}  // namespace proa::bench

int main(int argc, char** argv) {
  proa::bench::run(proa::bench::options_of({argv, static_cast<std::size_t>(argc)}));
  return 0;
}
