#include "cli/demo_script.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "cli/demo_load.hpp"
#include "cli/output.hpp"
#include "cli/redis_client.hpp"
#include "server/admin/identity.hpp"

namespace proa::cli {
namespace {

using Clock = DemoLoad::Clock;
constexpr std::size_t kClientsPerServer = 2;
constexpr std::size_t kPipeline = 16;
constexpr std::uint64_t kWritesBeforeKill = 10'000;
constexpr std::uint64_t kWritesWithoutIt = 10'000;
constexpr std::size_t kKeysPerQuestion = 256;
constexpr std::size_t kMissingShown = 5;

void step(std::string_view name, const std::string& text) {
  std::string padded{name};
  padded.resize(10, ' ');
  line(padded + text);
}

std::string seconds(Clock::duration time) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  std::string text = std::to_string(milliseconds / 1000) + "." +
                     std::to_string(1000 + milliseconds % 1000).substr(1, 2);
  return text + " s";
}

std::string servers_text(const DemoCluster& cluster, std::size_t but) {
  std::string text;
  for (std::size_t which = 0; which < cluster.size(); ++which)
    if (which != but) text += (text.empty() ? "" : " and ") + cluster.name(which);
  return text;
}

bool has_program(const std::string& name) {
  return std::system(("command -v " + name + " >/dev/null 2>&1").c_str()) == 0;
}

/// Shows a command as it is typed, then its output without the progress that it overwrites.
Exit show(const std::string& command) {
  line("          $ " + command);
  std::FILE* const output = ::popen((command + " 2>&1").c_str(), "r");
  if (output == nullptr) return Exit::failed;
  std::string current;
  const auto tell = [&current] {
    const bool is_progress = current.find("rps=") != std::string::npos;
    const std::size_t begin = current.find_first_not_of(' ');
    if (!is_progress && begin != std::string::npos) line("          " + current.substr(begin));
    current.clear();
  };
  for (int letter = std::fgetc(output); letter != EOF; letter = std::fgetc(output)) {
    if (letter == '\n' || letter == '\r') {
      tell();
    } else {
      current += static_cast<char>(letter);
    }
  }
  tell();
  return ::pclose(output) == 0 ? Exit::ok : Exit::failed;
}

/// What redis-cli and redis-benchmark, where they are, say to a follower and to the leader.
Exit real_clients(DemoCluster& cluster, std::size_t follower, std::size_t leader) {
  const std::string to_follower = " -p " + std::to_string(cluster.port(follower));
  const std::string to_leader = " -p " + std::to_string(cluster.port(leader));
  if (!has_program("redis-cli")) {
    step("clients", "redis-cli is not installed: skipped");
    return Exit::ok;
  }
  step("clients", "redis-cli writes through " + cluster.name(follower) + ", a follower");
  for (const char* command : {" SET greeting hello", " INCR visits", " MGET greeting visits"})
    if (show("redis-cli -e" + to_follower + command) != Exit::ok) return Exit::failed;
  if (!has_program("redis-benchmark")) return Exit::ok;
  const std::string benchmark = " -t set,get,incr -P 16 -n 20000 -q";
  step("load", "redis-benchmark against the leader, then against a follower");
  if (show("redis-benchmark" + to_leader + benchmark) != Exit::ok) return Exit::failed;
  return show("redis-benchmark" + to_follower + benchmark);
}

/// The first few keys that a server does not have as they were acknowledged.
Result<std::vector<std::string>> missing_on(const std::string& address,
                                            const std::vector<std::string>& keys) {
  std::vector<std::string> missing;
  RedisClient client{address, std::chrono::seconds{30}};
  for (std::size_t first = 0; first < keys.size(); first += kKeysPerQuestion) {
    const std::size_t count = std::min(kKeysPerQuestion, keys.size() - first);
    RedisClient::Command command{"MGET"};
    for (std::size_t number = 0; number < count; ++number)
      command.push_back(keys[first + number]);
    PROA_TRY(const resp::ClientReply reply, client.run(command));
    if (reply.elements.size() != count)
      return fail(Errc::protocol_error, address + " answers MGET with: " + reply.text);
    for (std::size_t number = 0; number < count; ++number) {
      const std::string& key = keys[first + number];
      if (reply.elements[number].text != DemoLoad::value_of(key)) missing.push_back(key);
    }
  }
  return missing;
}

Exit verify(DemoCluster& cluster, const std::vector<std::string>& keys) {
  Exit exit = Exit::ok;
  for (std::size_t which = 0; which < cluster.size(); ++which) {
    if (const auto there = cluster.wait_caught_up(which); !there) return report(there.error());
    const auto missing = missing_on(cluster.clients(which), keys);
    if (!missing) return report(missing.error());
    if (missing->empty()) continue;
    exit = report(Exit::failed, std::to_string(missing->size()) +
                                    " acknowledged writes are not on " + cluster.name(which));
    for (std::size_t shown = 0; shown < std::min(kMissingShown, missing->size()); ++shown)
      hint("missing: " + (*missing)[shown]);
  }
  if (exit == Exit::ok) {
    step("verify", grouped(keys.size()) + " acknowledged writes: every one of them is on all " +
                       std::to_string(cluster.size()) + " servers");
  }
  return exit;
}

void wait_for(const DemoLoad& load, std::uint64_t more) {
  const std::uint64_t goal = load.acknowledged() + more;
  while (load.acknowledged() < goal)
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
}

}  // namespace

Exit run_demo_script(DemoCluster& cluster, bool loses_a_write) {
  const auto leader = cluster.leader();
  if (!leader) return report(leader.error());
  const std::size_t follower = (*leader + 1) % cluster.size();
  if (const Exit exit = real_clients(cluster, follower, *leader); exit != Exit::ok)
    return report(exit, "a Redis client has failed");

  std::vector<std::string> addresses;
  for (std::size_t which = 0; which < cluster.size(); ++which)
    if (which != *leader)
      addresses.insert(addresses.end(), kClientsPerServer, cluster.clients(which));
  DemoLoad load{addresses, kPipeline};
  step("writes", std::to_string(addresses.size()) + " clients write through " +
                     servers_text(cluster, *leader) + ", " + std::to_string(kPipeline) +
                     " commands in flight each");
  wait_for(load, kWritesBeforeKill);

  const auto killed_at = Clock::now();
  cluster.kill(*leader);
  step("kill", "SIGKILL " + cluster.name(*leader) + ", the leader, under that load");
  const auto accepted_at = load.first_after(killed_at);
  const auto next = cluster.leader();
  if (!next) return report(next.error());
  step("failover", seconds(accepted_at - killed_at) +
                       " from the kill to the next accepted write; " + cluster.name(*next) +
                       " leads");
  wait_for(load, kWritesWithoutIt);

  const auto restarted_at = Clock::now();
  if (const auto back = cluster.restart(*leader); !back) return report(back.error());
  const auto ready_at = Clock::now();
  if (const auto there = cluster.wait_caught_up(*leader); !there) return report(there.error());
  step("restart", cluster.name(*leader) + " is back after " + seconds(ready_at - restarted_at) +
                      " and has caught up after " + seconds(Clock::now() - restarted_at));
  load.stop();
  const std::vector<std::string> keys = load.keys();
  if (loses_a_write) {  // so that a test sees what then happens
    const auto gone = RedisClient{cluster.clients(*next)}.run({"DEL", keys.front()});
    if (!gone) return report(gone.error());
  }
  return verify(cluster, keys);
}

}  // namespace proa::cli
