#include "proa/testing/cluster.hpp"

#include <algorithm>
#include <utility>

#include "proa/testing/clients.hpp"
#include "proa/testing/detail/ledger.hpp"
#include "proa/testing/detail/readable.hpp"
#include "proa/testing/detail/replay.hpp"
#include "proa/testing/detail/replicas.hpp"
#include "proa/testing/detail/watched_fsm.hpp"
#include "proa/testing/journal.hpp"
#include "proa/testing/rest.hpp"
#include "proa/testing/tape.hpp"
#include "proa/testing/under_fire.hpp"
#include "proa/testing/world.hpp"

namespace proa::testing {
namespace {

using namespace std::chrono_literals;

constexpr Duration kSlice = 100ms;
constexpr Duration kFireMax = 600s;  ///< or the load never got through
constexpr int kTimeoutsToRest = 40;  ///< within so many election timeouts a healed cluster settles
constexpr std::uint64_t kWritesOfTheHealed = 10;
constexpr std::uint32_t kSliceTag = 0x6000000;

World world_of(const ClusterOptions& options, std::uint64_t seed, TapeDeck* deck) {
  Choices random{seed, deck, "world"};
  World world = draw_world(random);
  restrict_to(options.preset, world);
  world.cluster.deck = deck;
  world.cluster.wire = Wire::bytes;
  world.cluster.snapshots_are_equal = false;  // the states are, which says more
  world.cluster.founders = options.servers;
  random.begin("spare servers");
  const std::size_t spare = world.orders.works ? 1 + random.below(2) : 0;
  world.cluster.servers = options.servers + spare;
  if (options.config) {
    world.cluster.config = *options.config;
    world.orders.is_careful = !options.config->vote_before_configuration;
    world.faults.second_orders.is_careful = world.orders.is_careful;
  }
  world.cluster.config.shutdown_on_remove = false;  // nobody would start it again
  return world;
}

std::uint64_t draw_checkpoints(Random random) { return std::uint64_t{1} << random.below(4); }

/// What a person wants to hear of who looks for the reason of a finding.
bool is_great(const JournalEvent& event) {
  switch (event.what) {
    case Happening::starts:
    case Happening::crashes:
    case Happening::leads:
    case Happening::fault:
    case Happening::violation:
      return true;
    case Happening::applies:
      return event.text.starts_with("a snapshot");
    default:
      return false;
  }
}

/// The commands of a workload, and its opinion of the answers.
class WorkloadRequests final : public Requests {
 public:
  WorkloadRequests(Workload& workload, Ledger& ledger, std::function<void(std::string)> violated)
      : workload_(workload), ledger_(ledger), violated_(std::move(violated)) {}

  AttemptId new_attempt() override { return ledger_.new_attempt(); }
  CommandWithExtensions command(AttemptId attempt, Choices& random) override {
    SharedBytes command = workload_.next_command(random);
    ledger_.asked(attempt, command);
    return {.command = std::move(command), .extensions = extensions_of(attempt)};
  }
  void acknowledged(AttemptId attempt, const Applied& applied) override {
    ledger_.acknowledged(attempt, applied.index);
    std::string wrong = workload_.check_answer(ledger_.command_of(attempt), applied);
    if (!wrong.empty()) violated_("check_answer: " + std::move(wrong));
  }
  void failed(AttemptId attempt, const Error& error) override { ledger_.failed(attempt, error); }
  std::uint64_t known_by_now() const override { return ledger_.known_by_now().value; }
  Future<Seen> read(Raft& raft, Fsm& fsm) override {
    return raft.read(ReadLevel::linearizable, [&fsm] {
      return Seen{.up_to = static_cast<WatchedFsm&>(fsm).last_command().value};
    });
  }
  void has_read(std::uint64_t known_before, const Seen& seen) override {
    ledger_.has_read(LogIndex{known_before}, LogIndex{seen.up_to});
  }

 private:
  Workload& workload_;
  Ledger& ledger_;
  std::function<void(std::string)> violated_;
};

}  // namespace

std::string Workload::describe(ByteView command) const { return readable(command); }

class Cluster::Inner {
 public:
  Inner(Cluster& face, Workload& workload, ClusterOptions options, std::uint64_t seed,
        Playback playback)
      : face_(face),
        workload_(workload),
        options_(std::move(options)),
        seed_(seed),
        playback_(playback),
        world_(world_of(options_, seed, playback.deck)),
        ledger_([this](ByteView command) { return workload_.describe(command); }, violated()),
        replicas_(workload, ledger_,
                  {.servers = world_.cluster.servers, .every = draw_checkpoints(Random{seed})},
                  violated()),
        requests_(workload, ledger_, violated()),
        cluster_(completed(world_.cluster)),
        choices_(cluster_.scheduler().random().part("cluster")),
        nemesis_(cluster_, world_.nemesis, cluster_.scheduler().random().part("nemesis")),
        faults_(cluster_, world_.faults,
                {.command_bytes_max = world_.cluster.config.command_bytes_max,
                 .flood = [this](std::size_t server,
                                 std::size_t writes) { clients_.flood(server, writes); }},
                cluster_.scheduler().random()),
        operator_(cluster_, world_.orders, cluster_.scheduler().random().part("operator")),
        clients_(cluster_, requests_, world_.load, cluster_.scheduler().random().part("clients")) {
    cluster_.on_crash([this](std::size_t server) { server_crashed(server); });
    nemesis_.accompany(faults_);
    cluster_.on_leader([this](std::size_t server) { nemesis_.server_leads(server); });
    cluster_.on_install([this](std::size_t server) { nemesis_.server_installs(server); });
    nemesis_.flood_with([this](std::size_t server) { clients_.flood(server, world_.flood); });
    cluster_.scheduler().stop_after(playback_.events_max);
  }

  std::optional<Finding> run() {
    cluster_.bootstrap_and_start();
    clients_.start();
    if (options_.preset != Preset::calm) nemesis_.start();
    operator_.start();
    const bool good = endure_fire() && heal_and_rest() && check_quiet("before the restart") &&
                      restart_and_rest() && check_quiet("after a restart");
    if (!good && !cluster_.invariants().violation() && !gives_up()) {
      cluster_.invariants().violated("the simulation has ended: nothing is left to happen");
    }
    if (!cluster_.invariants().violation()) return std::nullopt;
    return Finding{.seed = seed_,
                   .at = cluster_.scheduler().now(),
                   .what = *cluster_.invariants().violation(),
                   .replay = replay_command(seed_)};
  }

  std::uint64_t seed() const { return seed_; }
  SimCluster& machinery() { return cluster_; }
  const SimCluster& machinery() const { return cluster_; }
  const WatchedFsm* fsm(std::size_t server) const {
    return cluster_.raft(server) == nullptr ? nullptr
                                            : static_cast<const WatchedFsm*>(cluster_.fsm(server));
  }
  ClusterFacts facts() const {
    const CheckCounters& checks = cluster_.invariants().counters();
    return {.events = cluster_.scheduler().events_run(),
            .simulated = elapsed(),
            .acknowledged = ledger_.acknowledged_commands(),
            .reads = clients_.reads(),
            .elections = checks.elections,
            .crashes = cluster_.counters().crashes,
            .snapshots = checks.snapshots_taken,
            .restores = checks.snapshots_installed + checks.snapshots_restored_at_start,
            .states_compared = replicas_.compared()};
  }

 private:
  std::function<void(std::string)> violated() {
    return [this](std::string what) { cluster_.invariants().violated(std::move(what)); };
  }

  SimClusterOptions completed(SimClusterOptions options) {
    if (options_.tell) {
      journal_.on_event([this](const JournalEvent& event) {
        if (options_.tell_everything || is_great(event)) options_.tell(to_string(event));
      });
      options.journal = &journal_;
    }
    options.make_fsm = [this](std::size_t server) { return make_fsm(server); };
    return options;
  }

  std::shared_ptr<Fsm> make_fsm(std::size_t server) {
    return std::make_shared<WatchedFsm>(
        workload_.make_fsm(),
        WatchedFsm::Watch{
            .server = server,
            .ledger = ledger_,
            .replicas = replicas_,
            .opened = [this, server] { return cluster_.invariants().shadow(server).opened.index; },
            .violated = violated()});
  }

  void server_crashed(std::size_t server) {
    clients_.server_crashed(server);
    operator_.server_crashed(server);
    nemesis_.server_crashed(server);
  }

  void tell(const std::string& what) { cluster_.tell(Happening::fault, kNobody, what); }

  Duration elapsed() const { return cluster_.scheduler().now().since_start; }

  bool step() {
    if (!cluster_.step()) return false;
    std::string wrong = workload_.check_always(face_);
    if (wrong.empty()) return true;
    cluster_.invariants().violated("check_always: " + std::move(wrong));
    return false;
  }

  bool gives_up() const {
    return elapsed() >= playback_.stop_after || cluster_.scheduler().stopped();
  }

  bool run_for(Duration duration) {
    if (gives_up()) return false;
    bool reached = false;
    cluster_.scheduler().after(duration, kSliceTag, [&reached] { reached = true; });
    while (!reached) {
      if (!step()) return false;
    }
    return true;
  }

  bool endure_fire() {
    return run_under_fire(
        choices_, [this] { return fire_goes_on(); }, [this] { return run_slice_under_fire(); });
  }
  bool run_slice_under_fire() {
    if (elapsed() <= options_.under_fire + kFireMax) return run_for(kSlice);
    return not_live("too few commands are acknowledged under fire");
  }
  bool fire_goes_on() const {
    return elapsed() < options_.under_fire ||
           ledger_.acknowledged_commands() < options_.acknowledged_at_least;
  }

  /// Healed, the cluster accepts commands again; then, without load, all come to the same end.
  bool heal_and_rest() {
    tell("everything is healed");
    operator_.stop();
    nemesis_.stop();
    const std::uint64_t before = ledger_.acknowledged_commands();
    if (!run_until(
            [&] { return ledger_.acknowledged_commands() >= before + kWritesOfTheHealed; })) {
      return not_live("no commands are acknowledged");
    }
    clients_.stop();
    return rest();
  }

  bool rest() {
    const auto open = [&] {
      return clients_.open_attempts() + operator_.open_orders() + faults_.open_futures();
    };
    if (!run_until([&] { return open() == 0; })) {
      return not_live(std::to_string(open()) + " futures are not complete");
    }
    if (!run_until([&] { return all_equal(cluster_, ledger_.last_applied()); })) {
      return not_live("the logs differ");
    }
    return true;
  }

  /// A state machine that has lost something on the way through snapshot and log shows it at the
  /// next commands.
  bool restart_and_rest() {
    tell("all servers are started again");
    for (std::size_t server = 0; server < cluster_.size(); ++server) {
      cluster_.crash(server, Crash::process);
      cluster_.start(server);
    }
    const std::uint64_t before = ledger_.acknowledged_commands();
    const bool accepts = run_until([&] {
      if (const auto leader = cluster_.leader()) clients_.flood(*leader, 1);
      return ledger_.acknowledged_commands() >= before + kWritesOfTheHealed;
    });
    return accepts ? rest() : not_live("no commands are acknowledged after a restart");
  }

  /// All is quiet: what the workload demands, and that nothing is lost or different.
  bool check_quiet(const std::string& when) {
    ledger_.check_nothing_is_lost(ledger_.last_applied());
    for (std::size_t server = 0; server < cluster_.size(); ++server) {
      if (fsm(server) == nullptr || fsm(server)->last_command() != ledger_.last_applied()) continue;
      static_cast<WatchedFsm*>(cluster_.fsm(server))->compare("is quiet " + when);
    }
    std::string wrong = workload_.check_quiet(face_);
    if (!wrong.empty()) {
      cluster_.invariants().violated("check_quiet, " + when + ": " + std::move(wrong));
    }
    return !cluster_.invariants().violation().has_value();
  }

  template <class Condition>
  bool run_until(Condition reached) {
    const Duration until = elapsed() + resting_time();
    while (!reached()) {
      if (elapsed() >= until || !run_for(kSlice)) return false;
    }
    return true;
  }

  Duration resting_time() const {
    return world_.cluster.config.election_timeout * kTimeoutsToRest + world_.cluster.request_limit +
           world_.load.patience + 10s;
  }

  bool not_live(const std::string& what) {
    if (gives_up()) return false;
    cluster_.invariants().violated("liveness: " + what + " in time" + stands(cluster_));
    return false;
  }

  Cluster& face_;
  Workload& workload_;
  ClusterOptions options_;
  std::uint64_t seed_;
  Playback playback_;
  World world_;
  Ledger ledger_;
  Replicas replicas_;
  WorkloadRequests requests_;
  Journal journal_{0};
  SimCluster cluster_;
  Choices choices_;
  Nemesis nemesis_;
  FaultMachines faults_;
  Operator operator_;
  Clients clients_;
};

Cluster::Cluster(Workload& workload, ClusterOptions options, std::uint64_t seed, Playback playback)
    : inner_(std::make_unique<Inner>(*this, workload, std::move(options), seed, playback)) {}
Cluster::~Cluster() = default;

std::optional<Finding> Cluster::run() { return inner_->run(); }
std::uint64_t Cluster::seed() const { return inner_->seed(); }
Instant Cluster::now() const { return inner_->machinery().scheduler().now(); }
std::size_t Cluster::size() const { return inner_->machinery().size(); }
std::optional<std::size_t> Cluster::leader() const { return inner_->machinery().leader(); }
const Fsm* Cluster::fsm(std::size_t server) const {
  const WatchedFsm* watched = inner_->fsm(server);
  return watched == nullptr ? nullptr : &watched->inner();
}
LogIndex Cluster::applied(std::size_t server) const {
  const WatchedFsm* watched = inner_->fsm(server);
  return watched == nullptr ? LogIndex{} : watched->last_command();
}
ClusterFacts Cluster::facts() const { return inner_->facts(); }
SimCluster& Cluster::machinery() { return inner_->machinery(); }

}  // namespace proa::testing
