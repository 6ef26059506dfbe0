#include "server/admin/founding.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "proa/testing/sim_runtime.hpp"
#include "proa/testing/sim_streams.hpp"
#include "proa/transport/split_streams.hpp"
#include "server/admin/identity.hpp"
#include "server/call_kinds.hpp"

namespace proa::server {
namespace {

using namespace std::chrono_literals;
using proa::testing::Scheduler;
using proa::testing::SimRuntime;
using proa::testing::SimStreams;

/// What a server keeps when its process ends.
struct Disk {
  std::uint64_t incarnation = 0;
  std::optional<Configuration> held = {};
  bool confirmed = false;
  bool joining = false;
};

struct DiskStore final : FoundingStore {
  explicit DiskStore(Disk& on) : disk(on) {}
  Result<void> hold(const Configuration& configuration) override {
    EXPECT_FALSE(disk.held.has_value());
    disk.held = configuration;
    return {};
  }
  Result<void> confirm() override {
    disk.confirmed = true;
    return {};
  }
  Result<void> join() override {
    disk.joining = true;
    return {};
  }
  Disk& disk;
};

/// A server between its start and the start of Raft.
struct Process {
  std::shared_ptr<SimRuntime> runtime;
  std::unique_ptr<SplitStreams> port;
  std::unique_ptr<CallServer> server;
  std::shared_ptr<Founding> founding;
  std::optional<Result<Founded>> ended;
};

struct FoundingOfThree : ::testing::Test {
  explicit FoundingOfThree(std::uint64_t seed = 1) : scheduler(seed) {}
  ~FoundingOfThree() override {
    for (const Listed& listed : cluster)
      stop(listed.name);
  }

  void start(const std::string& name) {
    Disk& disk = disks[name];
    if (disk.incarnation == 0) disk.incarnation = ++incarnations;
    Process& process = processes[name];
    process.runtime =
        std::make_shared<SimRuntime>(scheduler, proa::testing::SimRuntimeOptions{}, ++seeds);
    const ServerAddress address = address_of(name);
    process.port =
        std::make_unique<SplitStreams>(process.runtime, streams.layer(process.runtime, address));
    CallOptions calls{.dial_limit = 500ms};
    calls.hello.id = id_of(name);
    process.server = std::make_unique<CallServer>(process.runtime, process.port->calls(), calls);
    process.founding = std::make_shared<Founding>(process.runtime, process.port->calls(),
                                                  std::make_shared<DiskStore>(disk),
                                                  FoundingOptions{.id = id_of(name),
                                                                  .cluster = cluster,
                                                                  .held = disk.held,
                                                                  .call_limit = 1s,
                                                                  .calls = calls});
    Fn<void()> begin = [&] {
      ASSERT_TRUE(process.server->start());
      if (disk.confirmed) return run_raft(*process.server, name);
      process.founding->start(*process.server, [&process](Result<Founded> result) {
        process.ended = std::move(result);
      });
    };
    process.runtime->run_on_loop(begin);
  }
  /// As far as the others can tell.
  void run_raft(CallServer& server, const std::string& name) {
    server.on(static_cast<std::uint8_t>(CallKind::standing),
              [this, name](const CallHello&, const SharedBytes&, CallRespond respond) {
                respond(encode(Standing{.kind = Standing::Kind::member,
                                        .id = id_of(name),
                                        .configuration = *disks[name].held}));
              });
  }
  void stop(const std::string& name) {
    const auto found = processes.find(name);
    if (found == processes.end()) return;
    Fn<void()> end = [&] {
      found->second.founding->stop();
      found->second.founding.reset();
    };
    found->second.runtime->run_on_loop(end);
    found->second.server.reset();
    found->second.port.reset();
    found->second.runtime->kill();
    processes.erase(found);
  }
  void wipe(const std::string& name) {
    stop(name);
    disks.erase(name);
  }
  ServerAddress address_of(const std::string& name) const {
    return std::ranges::find(cluster, name, &Listed::name)->address;
  }
  ServerId id_of(const std::string& name) {
    return Identity{.name = name, .incarnation = disks[name].incarnation}.id();
  }
  void run_for(Duration time) {
    bool reached = false;
    scheduler.at(scheduler.now() + time, 1, [&reached] { reached = true; });
    while (!reached && scheduler.run_next()) {
    }
  }
  bool founded(const std::string& name) { return disks[name].confirmed; }
  void expect_one_cluster() {
    const Configuration configuration = disks["n1"].held.value();
    for (const Listed& listed : cluster) {
      EXPECT_TRUE(founded(listed.name)) << listed.name;
      EXPECT_EQ(disks[listed.name].held, configuration) << listed.name;
      EXPECT_TRUE(configuration.has_vote(id_of(listed.name))) << listed.name;
    }
  }

  std::vector<Listed> cluster{{"n1", {"h1:1"}}, {"n2", {"h2:1"}}, {"n3", {"h3:1"}}};
  Scheduler scheduler;
  SimStreams streams{scheduler, {}, scheduler.random().next()};
  std::map<std::string, Disk> disks = {};
  std::map<std::string, Process> processes = {};
  std::uint64_t incarnations = 0;
  std::uint64_t seeds = 0;
};

TEST_F(FoundingOfThree, WaitsForTheLastServerAndGivesAllTheSameConfiguration) {
  start("n1");
  start("n2");
  run_for(5s);
  EXPECT_FALSE(processes["n1"].ended);
  EXPECT_FALSE(disks["n1"].held);
  EXPECT_NE(processes["n1"].founding->waits_for().find("n3 (h3:1:"), std::string::npos);
  start("n3");
  run_for(5s);
  expect_one_cluster();
}

TEST_F(FoundingOfThree, OfALoneServerNeedsNobody) {
  cluster = {{"n1", {"h1:1"}}};
  start("n1");
  run_for(1s);
  EXPECT_TRUE(founded("n1"));
}

TEST_F(FoundingOfThree, IsNotBegunWithAServerThatWasStartedWithAnotherList) {
  start("n1");
  start("n2");
  cluster.pop_back();
  cluster.push_back({"n3", {"h3:9"}});
  cluster[2].address = {"h3:1"};
  cluster.push_back({"n4", {"h4:1"}});
  start("n3");
  run_for(5s);
  EXPECT_FALSE(processes["n1"].ended);
  EXPECT_NE(processes["n1"].founding->waits_for().find("was started with"), std::string::npos);
}

TEST_F(FoundingOfThree, AServerThatComesBackWithoutItsDiskFoundsNothingAndWaitsToBeAdded) {
  for (const Listed& listed : cluster)
    start(listed.name);
  run_for(5s);
  expect_one_cluster();
  const ServerId lost = id_of("n1");
  wipe("n1");
  start("n1");
  run_for(5s);
  EXPECT_FALSE(processes["n1"].ended);
  EXPECT_FALSE(disks["n1"].held);
  EXPECT_NE(processes["n1"].founding->waits_for().find("proa member remove " + lost.value),
            std::string::npos);
  for (const std::string name : {"n2", "n3"}) {
    disks[name].held->servers[0].id = id_of("n1");
    stop(name);
    start(name);
  }
  run_for(5s);
  ASSERT_TRUE(processes["n1"].ended && *processes["n1"].ended);
  EXPECT_TRUE((**processes["n1"].ended).joins);
}

// A fourth server, whose name nobody has heard of, is added by the leader, whom it finds by asking
// anybody.
TEST_F(FoundingOfThree, AServerWithANewNameAsksToBeAddedAndWaitsUntilItIs) {
  for (const Listed& listed : cluster)
    start(listed.name);
  run_for(5s);
  for (const std::string name : {"n1", "n2", "n3"}) {
    stop(name);
    start(name);
    processes[name].server->on(
        static_cast<std::uint8_t>(CallKind::add),
        [this, name](const CallHello&, const SharedBytes& body, CallRespond respond) {
          if (name != "n3") {
            return respond(fail(Error{.code = Errc::not_leader,
                                      .outcome = Outcome::not_executed,
                                      .leader = Server{.id = id_of("n3"), .address = {"h3:1"}}}));
          }
          CallReader reader{body};
          reader.u64();
          const Server added = reader.server();
          EXPECT_EQ(added.suffrage, Suffrage::nonvoter);
          for (auto& [of, disk] : disks)
            if (disk.held) disk.held->servers.push_back(added);
          respond(SharedBytes{});
        });
  }
  cluster.push_back({"n4", {"h4:1"}});
  start("n4");
  run_for(5s);
  ASSERT_TRUE(processes["n4"].ended && *processes["n4"].ended);
  EXPECT_TRUE((**processes["n4"].ended).joins);
  EXPECT_TRUE(disks["n4"].joining);
  EXPECT_EQ(disks["n1"].held->servers.size(), 4U);
}

TEST_F(FoundingOfThree, AServerWipedBeforeAllHaveConfirmedStopsItForGood) {
  for (const Listed& listed : cluster)
    start(listed.name);
  while (!disks["n2"].held && scheduler.run_next()) {
  }
  wipe("n3");
  start("n3");
  run_for(5s);
  EXPECT_FALSE(founded("n1") || founded("n2") || founded("n3"));
  EXPECT_NE(processes["n1"].founding->waits_for().find("has lost its data"), std::string::npos);
}

// Goal: all servers end in one cluster of one configuration, whichever of them crash at whatever
// time during founding, and nobody runs before all hold it. Method: stop and restart servers at
// random, over a network that breaks connections, then let them be.
TEST(FoundingSim, EndsInOneClusterWhateverCrashes) {
  std::size_t interrupted = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    struct Run : FoundingOfThree {
      using FoundingOfThree::FoundingOfThree;
      void TestBody() override {}
    } run{seed};
    auto& random = run.scheduler.random();
    run.streams.options().reset_permille = 50;
    for (const Listed& listed : run.cluster)
      run.start(listed.name);
    for (int step = 0; step < 30; ++step) {
      run.run_for(Duration{static_cast<std::int64_t>(random.below(3'000'000))});
      const bool anybody_runs = run.founded("n1") || run.founded("n2") || run.founded("n3");
      for (const Listed& listed : run.cluster)
        EXPECT_TRUE(!anybody_runs || run.disks[listed.name].held) << listed.name;
      const std::string& name = run.cluster[random.below(3)].name;
      if (!random.percent(30)) continue;
      interrupted += run.disks[name].held && !run.disks[name].confirmed ? 1U : 0U;
      run.stop(name);
      run.start(name);
    }
    run.streams.options().reset_permille = 0;
    run.run_for(20s);
    for (const Listed& listed : run.cluster) {
      EXPECT_TRUE(run.disks[listed.name].confirmed) << listed.name;
      EXPECT_EQ(run.disks[listed.name].held, run.disks["n1"].held) << listed.name;
    }
  }
  EXPECT_GT(interrupted, 50U);
}

}  // namespace
}  // namespace proa::server
