// Load on a cluster of three durable servers, a process each, on loopback. The load runs in the
// leader's process. Prints one line of JSON per run; bench/run.py puts the floor beside it.

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "bench/cluster/load.hpp"
#include "bench/cluster/process.hpp"
#include "bench/cluster/server.hpp"

namespace proa::bench {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

struct Arguments {
  std::string follower = {};  ///< run as this server and nothing else
  std::string servers = {};
  std::string data = {};
  std::vector<std::size_t> clients = {1, 16, 256, 1024};
  std::string proposers = "loop";
  std::size_t command_bytes = 256;
  double seconds = 2;
  double warm_up = 0.5;
};

int fail_with(const Error& error) {
  std::fprintf(stderr, "cluster_load: %s\n", to_string(error).c_str());
  return 1;
}

int run_follower(const Arguments& arguments) {
  const auto server = start_server(
      {.id = arguments.follower, .servers = arguments.servers, .data = arguments.data});
  if (!server) return fail_with(server.error());
  const auto why = server->raft->stopped().get();
  return why ? fail_with(*why) : 0;
}

/// What the three processes have used between two looks.
struct Meter {
  std::vector<pid_t> processes = {};
  std::vector<ProcessUsage> before = {};
  std::vector<ProcessUsage> after = {};

  void look(std::vector<ProcessUsage>& at) const {
    at.clear();
    for (const pid_t process : processes)
      at.push_back(usage_of(process));
  }
  double cpu_seconds(std::size_t i) const { return after[i].cpu_seconds - before[i].cpu_seconds; }
  double switches(std::size_t i) const {
    return static_cast<double>(after[i].voluntary_switches - before[i].voluntary_switches);
  }
};

double microseconds(Duration duration) { return static_cast<double>(duration.count()) / 1000; }

json::object measure(RunningServer& leader, Meter& meter, const LoadOptions& options) {
  std::uint64_t batches_before = 0;
  std::uint64_t batches_after = 0;
  const LoadResult result = run_load(
      *leader.raft, *leader.runtime, options,
      [&] {
        meter.look(meter.before);
        batches_before = leader.log->counters().batches;
      },
      [&] {
        meter.look(meter.after);
        batches_after = leader.log->counters().batches;
      });
  const double commits = static_cast<double>(result.commits);
  const double seconds = static_cast<double>(result.took.count()) / 1e9;
  const double cpu = meter.cpu_seconds(0) + meter.cpu_seconds(1) + meter.cpu_seconds(2);
  return {
      {"clients", options.clients},
      {"commits", result.commits},
      {"errors", result.errors},
      {"commits_per_second", commits / seconds},
      {"p50_us", microseconds(result.latency.quantile(500))},
      {"p99_us", microseconds(result.latency.quantile(990))},
      {"p999_us", microseconds(result.latency.quantile(999))},
      {"cpu_us_per_commit", cpu * 1e6 / commits},
      {"leader_cpu_us_per_commit", meter.cpu_seconds(0) * 1e6 / commits},
      {"leader_switches_per_commit", meter.switches(0) / commits},
      {"follower_switches_per_commit", (meter.switches(1) + meter.switches(2)) / 2 / commits},
      {"leader_syncs_per_commit", static_cast<double>(batches_after - batches_before) / commits}};
}

Result<void> wait_until_leading(Raft& raft) {
  for (int tries = 0; tries < 600; ++tries) {
    const Status status = raft.status();
    if (status.role == Role::leader && status.commit_index >= LogIndex{2}) return {};
    std::this_thread::sleep_for(50ms);
  }
  return fail(Errc::deadline, "no leadership within 30 s");
}

Result<void> run_leader(const Arguments& arguments) {
  std::string servers;
  for (const std::uint16_t port : free_ports(3)) {
    const std::string id =
        "n" + std::to_string(1 + std::count(servers.begin(), servers.end(), '='));
    servers += (servers.empty() ? "" : ",") + id + "=127.0.0.1:" + std::to_string(port);
  }
  Meter meter{.processes = {getpid()}};
  for (const std::string id : {"n2", "n3"}) {
    meter.processes.push_back(
        start_self({"--follower", id, "--servers", servers, "--data", arguments.data + "/" + id}));
  }
  PROA_TRY(RunningServer leader,
           start_server(
               {.id = "n1", .servers = servers, .data = arguments.data + "/n1", .leads = true}));
  PROA_TRY(wait_until_leading(*leader.raft));
  const auto nanoseconds = [](double seconds) {
    return Duration{static_cast<std::int64_t>(seconds * 1e9)};
  };
  for (const std::size_t clients : arguments.clients) {
    json::object result =
        measure(leader, meter,
                {.proposers = arguments.proposers == "thread"     ? Proposers::thread
                              : arguments.proposers == "blocking" ? Proposers::blocking
                                                                  : Proposers::loop,
                 .clients = clients,
                 .command_bytes = arguments.command_bytes,
                 .warm_up = nanoseconds(arguments.warm_up),
                 .measured = nanoseconds(arguments.seconds)});
    result["proposers"] = arguments.proposers;
    std::printf("%s\n", json::serialize(result).c_str());
    std::fflush(stdout);
  }
  stop(meter.processes[1]);
  stop(meter.processes[2]);
  return {};
}

int run(Arguments arguments) {
  if (!arguments.follower.empty()) return run_follower(arguments);
  const std::filesystem::path data =
      std::filesystem::path{arguments.data} / ("cluster-load-" + std::to_string(getpid()));
  arguments.data = data.string();
  const Result<void> done = run_leader(arguments);
  std::error_code ignored;  // what is left is in the folder that the caller named
  std::filesystem::remove_all(data, ignored);
  return done ? 0 : fail_with(done.error());
}

}  // namespace
}  // namespace proa::bench

int main(int argc, char** argv) {
  proa::bench::Arguments arguments;
  CLI::App app{"Closed-loop load on three durable servers on loopback"};
  app.add_option("--follower", arguments.follower, "(internal) run as this server");
  app.add_option("--servers", arguments.servers, "(internal) the cluster");
  app.add_option("--data", arguments.data, "folder for the servers' data")->required();
  app.add_option("--clients", arguments.clients, "numbers of clients, one run each")
      ->delimiter(',');
  app.add_option("--proposers", arguments.proposers, "loop, thread or blocking")
      ->check(CLI::IsMember({"loop", "thread", "blocking"}));
  app.add_option("--bytes", arguments.command_bytes, "bytes of a command");
  app.add_option("--seconds", arguments.seconds, "measured time of a run");
  app.add_option("--warm-up", arguments.warm_up, "seconds before it");
  CLI11_PARSE(app, argc, argv);
  return proa::bench::run(std::move(arguments));
}
