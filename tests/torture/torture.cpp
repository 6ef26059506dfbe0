// Goal: no acknowledged write is lost and every client's history is linearizable, whatever dies.
// Method: three real servers over files that hold unsynced writes in the process (so that SIGKILL
// takes what a power cut would), SIGKILL and SIGSTOP for random ones under load. In rounds: clients
// and nemesis run together; then all servers run, each must answer, every key is read at each of
// them, and the history is checked.
//
//   torture --program PATH [--rounds 20] [--seed N] [--without-syncs --limit SECONDS]
//
// With --without-syncs the servers forget to sync their logs, and the run succeeds when it has
// found that out: the proof that it would.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "tests/torture/clients.hpp"
#include "tests/torture/nemesis.hpp"

namespace proa::torture {
namespace {

using namespace std::chrono_literals;

std::uint16_t block_of_ports(int number) {
  return static_cast<std::uint16_t>(20000 + number % 120 * 100);
}

struct Options {
  std::string program = {};
  std::string directory = {};
  std::uint64_t rounds = 20;
  std::uint64_t seed = 1;
  std::uint64_t limit = 600;
  /// Of a block that hardly anybody else takes at the same time, below the ports that connections
  /// get from the system.
  std::uint16_t port = block_of_ports(::getpid());
  bool without_syncs = false;
};

constexpr int kStartsMax = 3;  ///< each on other ports: somebody may hold one of them

/// What a run came upon.
struct Finding {
  enum class Kind {
    no_start,    ///< the servers never ran, which proves nothing
    stuck,       ///< after the strikes a server does not come back, or not to taking writes
    lost_write,  ///< what a client was told cannot be
  };
  Kind kind = Kind::no_start;
  std::string text = {};
};

constexpr Duration kRound = 10s;
constexpr Duration kRecoveryLimit = 30s;

/// The whole run. Threads: one.
class Torture {
 public:
  explicit Torture(const Options& options)
      : options_(options),
        random_(options.seed),
        servers_(options.program, options.directory,
                 options.without_syncs ? "log-never" : "buffered", options.port),
        nemesis_(servers_, random_.next()) {}

  /// Nothing: all is well.
  std::optional<Finding> run() {
    const Instant begun = now();
    for (std::size_t which = 0; which < Servers::kCount; ++which)
      if (auto started = servers_.start(which); !started)
        return Finding{.text = started.error().detail};
    for (std::size_t which = 0; which < Servers::kCount; ++which)
      if (auto ready = servers_.wait_ready(which); !ready)
        return Finding{.text = ready.error().detail};
    for (std::uint64_t number = 1; number <= options_.rounds; ++number) {
      if (now() - begun > std::chrono::seconds{options_.limit}) break;
      auto found = round(number);
      if (!found) continue;
      found->text = "round " + std::to_string(number) + ": " + found->text;
      return found;
    }
    return std::nullopt;
  }

 private:
  static Finding stuck(std::string text) {
    return {.kind = Finding::Kind::stuck, .text = std::move(text)};
  }

  std::optional<Finding> round(std::uint64_t number) {
    std::vector<std::string> addresses;
    for (std::size_t which = 0; which < Servers::kCount; ++which)
      addresses.push_back(servers_.clients(which));
    Clients clients{addresses, "r" + std::to_string(number), random_.next()};
    const auto struck = nemesis_.run_until(now() + kRound);
    clients.stop();
    if (!struck) return stuck("a server does not come back: " + struck.error().detail);
    const Instant calm = now();
    for (const std::string& address : addresses)
      if (auto found = wait_until_it_writes(address, calm)) return stuck(*found);
    const Duration recovery = now() - calm;
    for (const std::string& address : addresses)
      if (auto found = clients.read_all(address)) return stuck(*found);
    total_.add(clients.tally());
    report(number, clients.tally(), recovery);
    const auto why = clients.history().contradiction();
    return why ? std::optional{Finding{.kind = Finding::Kind::lost_write, .text = *why}}
               : std::nullopt;
  }

  static std::optional<std::string> wait_until_it_writes(const std::string& address,
                                                         Instant since) {
    cli::RedisClient client{address, 5s};
    for (;;) {
      const auto answer = client.run({"SET", "probe", "x"});
      if (answer && answer->type == resp::ReplyType::simple) return std::nullopt;
      if (now() - since > kRecoveryLimit) {
        return address + " takes no write " + to_string(kRecoveryLimit) +
               " after all was well: " + (answer ? answer->text : answer.error().detail);
      }
      std::this_thread::sleep_for(10ms);
    }
  }

  void report(std::uint64_t number, const Tally& tally, Duration recovery) const {
    const Strikes& strikes = nemesis_.strikes();
    std::printf(
        "round %llu: %llu writes acknowledged, %llu reads, %llu refused, %llu unknown; "
        "recovered in %lld ms; so far %llu kills (%llu of a majority), %llu pauses\n",
        static_cast<unsigned long long>(number),
        static_cast<unsigned long long>(tally.acknowledged_writes),
        static_cast<unsigned long long>(tally.reads),
        static_cast<unsigned long long>(tally.refused),
        static_cast<unsigned long long>(tally.unknown), static_cast<long long>(recovery / 1ms),
        static_cast<unsigned long long>(strikes.kills),
        static_cast<unsigned long long>(strikes.kills_of_majority),
        static_cast<unsigned long long>(strikes.pauses));
    std::fflush(stdout);
  }

  const Options& options_;
  Random random_;
  Servers servers_;
  Nemesis nemesis_;
  Tally total_ = {};
};

int judge(const Options& options, const std::optional<Finding>& found, Duration took) {
  const auto seconds = static_cast<long long>(took / 1s);
  const std::string text = found ? found->text : "nothing";
  if (options.without_syncs) {
    const bool proved = found && found->kind != Finding::Kind::no_start;
    std::printf("%s after %lld s, without syncs: %s\n",
                proved ? "found, as it must be," : "NOT FOUND", seconds, text.c_str());
    return proved ? 0 : 1;
  }
  if (found) {
    std::printf("FOUND after %lld s, seed %llu: %s\nthe data is in %s\n", seconds,
                static_cast<unsigned long long>(options.seed), text.c_str(),
                options.directory.c_str());
    return 1;
  }
  std::printf("torture: nothing found in %lld s\n", seconds);
  return 0;
}

int run(Options options) {
  std::string made = (std::filesystem::temp_directory_path() / "proa-torture-XXXXXX").string();
  if (options.directory.empty()) {
    if (::mkdtemp(made.data()) == nullptr) return 1;
    options.directory = made;
  }
  std::filesystem::create_directories(options.directory);
  const Instant begun = now();
  std::optional<Finding> found;
  for (int start = 1; start <= kStartsMax; ++start) {
    Torture torture{options};
    found = torture.run();
    if (!found || found->kind != Finding::Kind::no_start) break;
    std::printf("start %d on port %u: %s\n", start, unsigned{options.port}, found->text.c_str());
    options.port = block_of_ports(::getpid() + start * 37);
    std::filesystem::remove_all(options.directory);  // it names the ports
    std::filesystem::create_directories(options.directory);
  }
  const int code = judge(options, found, now() - begun);
  std::error_code ignored;
  if (code == 0) std::filesystem::remove_all(options.directory, ignored);
  return code;
}

}  // namespace
}  // namespace proa::torture

int main(int argc, char** argv) {
  CLI::App app{"Real servers under SIGKILL and SIGSTOP."};
  proa::torture::Options options;
  app.add_option("--program", options.program, "the program proa")->required();
  app.add_option("--data", options.directory, "a directory; else one that is removed");
  app.add_option("--rounds", options.rounds, "of ten seconds and a check");
  app.add_option("--seed", options.seed, "of every choice, but not of the times");
  app.add_option("--port", options.port, "the first of thirty");
  app.add_option("--limit", options.limit, "seconds after which no round begins");
  app.add_flag("--without-syncs", options.without_syncs, "must find a lost write");
  for (CLI::Option* const option : app.get_options())
    option->take_last();
  CLI11_PARSE(app, argc, argv);
  return proa::torture::run(options);
}
