#include "tests/redis/redis_campaign.hpp"

#include <array>
#include <map>
#include <memory>
#include <vector>

#include "kv/store.hpp"
#include "proa/testing/linearizability.hpp"
#include "tests/redis/requests.hpp"
#include "tests/redis/sim_client.hpp"
#include "tests/redis/sim_service.hpp"

namespace proa::redis {
namespace {

using namespace std::chrono_literals;
using resp::ReplyType;
using testing::Crash;
using testing::Operation;
using testing::SimCluster;

constexpr std::size_t kServers = 3;
constexpr std::size_t kClients = 6;
/// One for each key.
constexpr std::array kKeyUses = {KeyUse::plain, KeyUse::plain, KeyUse::value, KeyUse::number};
constexpr std::size_t kKeys = kKeyUses.size();
constexpr Duration kUnderFire = 60s;
constexpr Duration kToRest = 30s;
constexpr Duration kPatience = 12s;  ///< of a client
constexpr Duration kStrikeEvery = 1500ms;
constexpr std::uint32_t kTag = 0x7000000;
/// Of one key, of some 2000 operations. A step remembers a bit for each of them.
constexpr testing::SearchLimits kSearch = {.steps_max = 100'000};

testing::SimClusterOptions cluster_options(Random& random) {
  testing::SimClusterOptions options{
      .seed = random.next(), .servers = kServers, .wire = testing::Wire::bytes};
  options.config.heartbeat_timeout = options.config.election_timeout = 200ms;
  options.config.leader_lease_timeout = 150ms;
  // Often, so that servers restart from snapshots and are sent some.
  options.config.snapshot_threshold = 20 + random.below(200);
  options.config.snapshot_interval = random.percent(50) ? Duration{500ms} : Duration{5s};
  options.config.trailing_logs = random.below(50);
  options.network.delay_max = random.percent(50) ? Duration{500us} : Duration{8ms};
  options.network.spike_permille = random.below(20);
  options.network.loss_permille = random.below(4);
  options.short_io_percent = random.percent(50) ? 30 : 0;
  for (std::uint64_t& percent : options.runtime.inline_percent)
    percent = random.percent(50) ? 90 : 20;
  options.make_fsm = [](std::size_t) { return std::make_shared<kv::Store>(); };
  options.make_service = &make_redis_service;
  return options;
}

std::string name_of(std::size_t key) { return "key" + std::to_string(key); }

bool says_not_executed(const resp::ClientReply& reply) {
  return reply.type == ReplyType::error && !reply.text.starts_with("TIMEOUT");
}

class Campaign {
 public:
  explicit Campaign(std::uint64_t seed) : random_(seed), cluster_(cluster_options(random_)) {
    for (std::size_t i = 0; i < kClients; ++i) {
      clients_.push_back(std::make_unique<SimClient>(cluster_.scheduler(), cluster_.streams(),
                                                     "client" + std::to_string(i), random_.next()));
    }
  }

  CampaignReport run() {
    cluster_.bootstrap_and_start();
    for (std::size_t i = 0; i < kClients; ++i)
      think(i);
    strike_later();
    bool good = cluster_.run_for(kUnderFire);
    if (good) good = come_to_rest();
    CampaignReport report{.tally = tally_, .trace_hash = cluster_.trace_hash()};
    report.tally.seeds = 1;
    report.tally.leader_crashes = cluster_.counters().leader_crashes;
    const testing::CheckCounters& checked = cluster_.invariants().counters();
    report.tally.snapshots_taken = checked.snapshots_taken;
    report.tally.snapshots_restored =
        checked.snapshots_restored_at_start + checked.snapshots_installed;
    report.violation = good ? judge_histories() : cluster_.invariants().violation();
    report.tally.undecided = undecided_;
    for (const auto& [key, history] : histories_)
      report.history.insert(report.history.end(), history.begin(), history.end());
    return report;
  }

 private:
  Instant now() const { return cluster_.scheduler().now(); }
  Duration up_to(Duration most) {
    return Duration{
        static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most.count()) + 1))};
  }

  // ---- Clients ----

  void think(std::size_t client) {
    if (resting_) return;
    cluster_.scheduler().after(up_to(60ms), kTag, [this, client] { act(client); });
  }

  void act(std::size_t client) {
    if (resting_ || clients_[client]->busy()) return;
    const std::size_t server = random_.below(kServers);
    const std::size_t key = random_.below(kKeys);
    if (cluster_.leader() != server) ++tally_.through_followers;
    ask(client, server, draw(key));
  }

  Request draw(std::size_t key) {
    return draw_request(random_, kKeyUses[key], name_of(key), "v" + std::to_string(++values_));
  }

  void ask(std::size_t client, std::size_t server, const Request& request) {
    Operation operation = request.operation;
    operation.client = client;
    operation.called = now();
    clients_[client]->ask(
        cluster_.client_address(server), {request.words.begin(), request.words.end()}, kPatience,
        [this, client,
         operation = std::move(operation)](const std::optional<resp::ClientReply>& reply) {
          operation.kind == Operation::Kind::read ? has_read(operation, reply)
                                                  : wrote(operation, reply);
          think(client);
        });
  }

  void wrote(Operation operation, const std::optional<resp::ClientReply>& reply) {
    if (reply && says_not_executed(*reply)) {
      ++tally_.refused;  // and whoever reads it later reads what nobody wrote
      return;
    }
    const bool acknowledged = reply && reply->type != ReplyType::error;
    if (acknowledged) {
      operation.answer = answer_to(operation.kind, *reply);
      operation.answered = now();
      ++tally_.writes_of[static_cast<std::size_t>(operation.kind)];
    }
    histories_[operation.key].push_back(std::move(operation));
    ++(acknowledged ? tally_.writes : reply ? tally_.unknown_told : tally_.unknown_ended);
  }

  void has_read(Operation operation, const std::optional<resp::ClientReply>& reply) {
    if (!reply || reply->type == ReplyType::error) {
      last_failure_ = reply ? reply->text : "no answer";
      return;
    }
    operation.answer = answer_to(operation.kind, *reply);
    operation.answered = now();
    histories_[operation.key].push_back(std::move(operation));
    ++tally_.reads;
  }

  // ---- What goes wrong ----

  void strike_later() {
    if (resting_) return;
    cluster_.scheduler().after(up_to(2 * kStrikeEvery), kTag, [this] {
      if (!resting_) strike();
      strike_later();
    });
  }

  void strike() {
    const std::size_t victim =
        random_.percent(60) && cluster_.leader() ? *cluster_.leader() : random_.below(kServers);
    if (random_.percent(40)) return crash(victim);
    if (random_.percent(40)) return pause(victim);
    const auto mode = static_cast<testing::CutMode>(random_.below(3));
    const bool both_ways = random_.percent(60);
    for (std::size_t other = 0; other < kServers; ++other) {
      if (other == victim || random_.percent(20)) continue;
      cluster_.cut(victim, other, mode);
      if (both_ways) cluster_.cut(other, victim, mode);
    }
    cluster_.scheduler().after(up_to(3s), kTag, [this] { cluster_.heal_links(); });
  }

  /// Long enough for another to be elected meanwhile.
  void pause(std::size_t victim) {
    if (cluster_.runtime(victim) == nullptr) return;
    cluster_.runtime(victim)->pause_until(now() + up_to(2s));
    ++tally_.pauses;
  }

  void crash(std::size_t victim) {
    cluster_.crash(victim, random_.percent(50) ? Crash::power : Crash::process);
    cluster_.scheduler().after(up_to(2s), kTag, [this, victim] { cluster_.start(victim); });
  }

  // ---- The end ----

  /// Healed, everybody up, clients silent; then each key is read through each server.
  bool come_to_rest() {
    resting_ = true;
    if (!cluster_.run_for(kToRest)) return false;
    cluster_.heal_links();
    testing::SimNetworkOptions network = cluster_.network_options();
    network.loss_permille = 0;
    cluster_.set_network(network);
    clients_[0]->disconnect();  // what it has may be dead without a word
    for (std::size_t server = 0; server < kServers; ++server)
      cluster_.start(server);
    if (!cluster_.run_for(kToRest)) return false;
    for (std::size_t server = 0; server < kServers; ++server) {
      for (std::size_t key = 0; key < kKeys; ++key) {
        if (!read_at_rest(server, key)) return false;
      }
    }
    return true;
  }

  bool read_at_rest(std::size_t server, std::size_t key) {
    const std::uint64_t before = tally_.reads;
    ask(0, server, read_of(name_of(key)));
    while (clients_[0]->busy()) {
      if (!cluster_.step()) return false;
    }
    if (tally_.reads > before) return true;
    cluster_.invariants().violated("at rest, server s" + std::to_string(server + 1) +
                                   " does not answer a read: " + last_failure_);
    return false;
  }

  /// A violation, if a history of a key could not have happened one after the other.
  std::optional<std::string> judge_histories() {
    for (const auto& [key, history] : histories_) {
      const testing::Judgement judged = testing::judge(history, testing::KeyValueModel{}, kSearch);
      if (judged.verdict == testing::Verdict::undecided) ++undecided_;
      if (judged.verdict != testing::Verdict::not_linearizable) continue;
      return "linearizability: " + judged.key + ": " + judged.drawing;
    }
    return std::nullopt;
  }

  Random random_;
  SimCluster cluster_;
  std::vector<std::unique_ptr<SimClient>> clients_;
  std::map<std::string, std::vector<Operation>> histories_;  ///< by key
  std::uint64_t values_ = 0;
  CampaignTally tally_ = {};
  std::uint64_t undecided_ = 0;    ///< keys
  std::string last_failure_ = {};  ///< of a read
  bool resting_ = false;
};

}  // namespace

void CampaignTally::add(const CampaignTally& other) {
  seeds += other.seeds;
  writes += other.writes;
  for (std::size_t kind = 0; kind < writes_of.size(); ++kind)
    writes_of[kind] += other.writes_of[kind];
  reads += other.reads;
  undecided += other.undecided;
  refused += other.refused;
  unknown_told += other.unknown_told;
  unknown_ended += other.unknown_ended;
  through_followers += other.through_followers;
  leader_crashes += other.leader_crashes;
  pauses += other.pauses;
  snapshots_taken += other.snapshots_taken;
  snapshots_restored += other.snapshots_restored;
}

CampaignReport run_campaign(std::uint64_t seed) { return Campaign{seed}.run(); }

}  // namespace proa::redis
