#include "tests/sim/campaign.hpp"

#include <algorithm>

#include "proa/testing/rest.hpp"
#include "proa/testing/under_fire.hpp"
#include "tests/sim/oracle_requests.hpp"

namespace proa::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kSlice = 100ms;
constexpr int kTimeoutsToRest = 40;  ///< within so many election timeouts a healed cluster settles

/// One seed from the first event to the last check.
class Run {
 public:
  explicit Run(const RunOptions& options)
      : options_(options),
        plan_(options.plan ? *options.plan : draw_plan(options.seed, options.deck)),
        oracle_([this](std::string what) { cluster_.invariants().violated(std::move(what)); }),
        cluster_(with_fsm(plan_.cluster)),
        choices_(cluster_.scheduler().random().part("campaign")),
        nemesis_(cluster_, plan_.nemesis, cluster_.scheduler().random().part("nemesis")),
        faults_(cluster_, plan_.faults,
                {.command_bytes_max = plan_.cluster.config.command_bytes_max,
                 .flood = [this](std::size_t server,
                                 std::size_t writes) { clients_.flood(server, writes); }},
                cluster_.scheduler().random()),
        operator_(cluster_, plan_.orders, cluster_.scheduler().random().part("operator")),
        restorer_(cluster_, oracle_, nemesis_, plan_.restores,
                  cluster_.scheduler().random().part("restorer")),
        requests_(oracle_, plan_.command_bytes_max),
        clients_(cluster_, requests_, plan_.load, cluster_.scheduler().random().part("clients")) {
    cluster_.scheduler().stop_after(options.events_max);
    cluster_.on_crash([this](std::size_t server) {
      clients_.server_crashed(server);
      operator_.server_crashed(server);
      restorer_.server_crashed(server);
      nemesis_.server_crashed(server);
    });
    nemesis_.accompany(faults_);
    cluster_.on_leader([this](std::size_t server) { nemesis_.server_leads(server); });
    cluster_.on_install([this](std::size_t server) { nemesis_.server_installs(server); });
    cluster_.on_restore([this](std::size_t server, LogIndex last) {
      const bool may = restorer_.may_take_effect(server, last);
      cluster_.tell(testing::Happening::user, server, may ? "restores" : "must not restore");
      return may;
    });
    nemesis_.flood_with([this](std::size_t server) { clients_.flood(server, plan_.flood); });
  }

  SeedReport run() {
    cluster_.bootstrap_and_start();
    clients_.start();
    nemesis_.start();
    operator_.start();
    restorer_.start();
    bool good = endure_fire() && load_got_through();
    crashes_under_fire_ = cluster_.counters().crashes;
    if (good) {
      operator_.stop();
      restorer_.stop();
      nemesis_.stop();
      good = come_to_rest();
    }
    if (good) oracle_.check_nothing_is_lost(rest_);
    return report();
  }

 private:
  testing::SimClusterOptions with_fsm(testing::SimClusterOptions options) {
    options.journal = options_.journal;
    options.make_fsm = [this](std::size_t) {
      return std::make_shared<AppendFsm>(oracle_, plan_.ballast_bytes);
    };
    return options;
  }

  bool endure_fire() {
    return testing::run_under_fire(
        choices_, [this] { return fire_goes_on(); }, [this] { return run_slice(); });
  }
  /// Two voters over bad links may stand still most of the time. That they go on is demanded once
  /// all is healed; under fire, that not everything fails.
  bool load_got_through() {
    const bool has_ended_early = elapsed() <= plan_.at_most;  // enough, or the tape says so
    if (has_ended_early || oracle_.acknowledged_writes() * 10 >= plan_.writes_at_least) return true;
    cluster_.invariants().violated("liveness: " + std::to_string(oracle_.acknowledged_writes()) +
                                   " writes acknowledged in " + to_string(elapsed()) +
                                   stands(cluster_));
    return false;
  }
  bool fire_goes_on() const {
    if (plan_.at_most < elapsed()) return false;
    return elapsed() < plan_.at_least || oracle_.acknowledged_writes() < plan_.writes_at_least ||
           (is_quiet() && elapsed() < plan_.quiet_at_most);
  }
  bool run_slice() { return !gives_up() && cluster_.run_for(kSlice); }
  bool gives_up() const {
    return elapsed() >= options_.stop_after || cluster_.scheduler().stopped();
  }
  /// Something rare has not happened yet.
  bool is_quiet() const {
    const testing::CheckCounters& checks = cluster_.invariants().counters();
    const bool has_no_changes = plan_.orders.works && operator_.counters().changes == 0;
    return has_no_changes || checks.truncations == 0 || checks.snapshots_installed == 0 ||
           cluster_.counters().torn_tails == 0;
  }
  Duration elapsed() const { return cluster_.scheduler().now().since_start; }

  /// Healed, the cluster accepts writes again; then, without load, all come to the same end.
  bool come_to_rest() {
    const std::uint64_t before = oracle_.acknowledged_writes();
    const Duration limit = resting_time();
    if (!run_until(limit, [&] { return oracle_.acknowledged_writes() >= before + 10; })) {
      return not_live("no writes are acknowledged");
    }
    clients_.stop();
    const auto open = [&] {
      return clients_.open_attempts() + operator_.open_orders() + faults_.open_futures() +
             (restorer_.is_open() ? 1 : 0);
    };
    if (!run_until(limit, [&] { return open() == 0; })) {
      return not_live(std::to_string(open()) + " futures are not complete");
    }
    if (!run_until(limit, [&] { return all_equal(cluster_, oracle_.last_applied()); }))
      return not_live("the logs differ");
    rest_ = oracle_.last_applied();
    return true;
  }

  Duration resting_time() const {
    return plan_.cluster.config.election_timeout * kTimeoutsToRest + plan_.cluster.request_limit +
           plan_.load.patience + 10s;
  }

  template <class Condition>
  bool run_until(Duration limit, Condition reached) {
    const Duration until = elapsed() + limit;
    while (!reached()) {
      if (elapsed() >= until || !run_slice()) return false;
    }
    return true;
  }

  bool not_live(const std::string& what) {
    if (gives_up()) return false;
    cluster_.invariants().violated("liveness: " + to_string(resting_time()) +
                                   " after everything was healed " + what + stands(cluster_));
    return false;
  }

  SeedReport report() {
    return {.seed = options_.seed,
            .violation = cluster_.invariants().violation(),
            .trace_hash = cluster_.trace_hash(),
            .events = cluster_.scheduler().events_run(),
            .simulated = elapsed(),
            .crashes_under_fire = crashes_under_fire_,
            .acknowledged = oracle_.acknowledged_writes(),
            .refused = oracle_.refused(),
            .outcome_unknown = oracle_.outcome_unknown(),
            .writes_in_flight_at_crash = clients_.in_flight_at_crashes(),
            .reads = clients_.reads(),
            .reads_after_leader_change = clients_.reads_after_leader_change(),
            .orders = operator_.counters(),
            .restores = restorer_.counters(),
            .cluster = cluster_.counters(),
            .checks = cluster_.invariants().counters(),
            .network = cluster_.network_counters(),
            .replies_lost = cluster_.replies_lost(),
            .drifting_clocks = plan_.cluster.clocks.empty() ? 0 : cluster_.size(),
            .refused_as_busy = clients_.writes_refused_as_busy(),
            .faults = faults_.counters(),
            .disks = nemesis_.disk_faults(),
            .coverage = cluster_.invariants().coverage().counts()};
  }

  const RunOptions options_;
  Plan plan_;
  LogIndex rest_ = {};
  std::uint64_t crashes_under_fire_ = 0;
  Oracle oracle_;
  testing::SimCluster cluster_;
  testing::Choices choices_;
  testing::Nemesis nemesis_;
  testing::FaultMachines faults_;
  testing::Operator operator_;
  Restorer restorer_;
  OracleRequests requests_;
  testing::Clients clients_;
};

}  // namespace

SeedReport run_seed(const RunOptions& options) { return Run{options}.run(); }

}  // namespace proa::sim
