// Three servers that keep one counter, on simulated machines: the real Raft, under a virtual clock
// and one seed. The leader dies under load, another one takes over, the dead one comes back.
//
//   sim_counter [SEED]

#include <cstdio>
#include <cstdlib>
#include <string>

#include "proa/testing/sim_cluster.hpp"

namespace {

using namespace std::chrono_literals;
using proa::testing::Crash;
using proa::testing::SimCluster;

/// The state machine: adds up what it is told.
class Counter final : public proa::Fsm {
 public:
  void apply(std::span<const proa::Committed> batch, proa::Responses& responses) override {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      total_ += proa::as_int64(batch[i].command).value_or(0);
      if (responses.wanted(i)) responses.set(i, total_);
    }
  }
  proa::Result<std::unique_ptr<Snapshot>> snapshot() override {
    return proa::fail(proa::Errc::nothing_new_to_snapshot, "this counter takes no snapshots");
  }
  proa::Result<void> restore(proa::ByteSource&) override {
    return proa::fail(proa::Errc::snapshot_not_found, "this counter takes no snapshots");
  }
  std::int64_t total() const { return total_; }

 private:
  std::int64_t total_ = 0;
};

class Demo {
 public:
  explicit Demo(std::uint64_t seed) : cluster_(options(seed)) {
    cluster_.on_leader([this](std::size_t server) { say(name(server) + " leads"); });
    cluster_.on_crash([this](std::size_t server) { say(name(server) + " is dead"); });
  }

  int run() {
    say("three servers start, each on a simulated machine of its own");
    cluster_.bootstrap_and_start();
    if (!wait_for_leader() || !add_many(1000)) return failed();
    show_totals();

    const std::size_t old_leader = *cluster_.leader();
    say("power cut at the leader, with writes under way");
    for (int i = 0; i < 20; ++i)
      add();
    cluster_.run_for(200us);
    cluster_.crash(old_leader, Crash::power);
    if (!wait_for_leader() || !add_many(1000)) return failed();

    say(name(old_leader) + " starts again");
    cluster_.start(old_leader);
    if (!cluster_.run_for(3s)) return failed();
    show_totals();
    return verdict();
  }

 private:
  static proa::testing::SimClusterOptions options(std::uint64_t seed) {
    proa::testing::SimClusterOptions options;
    options.seed = seed;
    options.runtime.inline_percent.fill(90);
    options.make_fsm = [](std::size_t) { return std::make_shared<Counter>(); };
    return options;
  }

  std::string name(std::size_t server) const { return cluster_.server(server).id.value; }

  void say(const std::string& what) const {
    const auto now = cluster_.scheduler().now().since_start.count();
    std::printf("%8lld ms  %s\n", static_cast<long long>(now / 1'000'000), what.c_str());
  }

  bool wait_for_leader() {
    for (int tenths = 0; tenths < 100; ++tenths) {
      if (cluster_.leader()) return true;
      if (!cluster_.run_for(100ms)) return false;
    }
    return false;
  }

  /// Adds one. What became of it is told later, at the end of a turn of the leader's loop.
  void add() {
    const auto leader = cluster_.leader();
    if (!leader) return;
    ++sent_;
    cluster_.raft(*leader)
        ->apply(proa::bytes_of(std::int64_t{1}))
        .then([this](proa::Result<proa::Applied> done) {
          if (done) ++acknowledged_;
        });
  }

  bool add_many(std::int64_t count) {
    const std::int64_t goal = acknowledged_ + count;
    while (acknowledged_ < goal) {
      add();
      if (!cluster_.run_for(1ms)) return false;
    }
    say(std::to_string(acknowledged_) + " of " + std::to_string(sent_) + " additions acknowledged");
    return true;
  }

  std::int64_t total(std::size_t server) const {
    return static_cast<Counter&>(*cluster_.fsm(server)).total();
  }

  void show_totals() {
    cluster_.run_for(1s);
    for (std::size_t server = 0; server < cluster_.size(); ++server) {
      say(name(server) + " counts " + std::to_string(total(server)));
    }
  }

  int failed() {
    const auto& violation = cluster_.invariants().violation();
    say("FAILED: " + (violation ? *violation : std::string("no leader")));
    return 1;
  }

  int verdict() {
    for (std::size_t server = 0; server < cluster_.size(); ++server) {
      if (total(server) == total(0) && total(server) >= acknowledged_) continue;
      say("FAILED: " + name(server) + " counts " + std::to_string(total(server)));
      return 1;
    }
    say("every acknowledged addition is there, on all three servers");
    return 0;
  }

  SimCluster cluster_;
  std::int64_t sent_ = 0;
  std::int64_t acknowledged_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  return Demo{argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1}.run();
}
