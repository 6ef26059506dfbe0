#include "proa/testing/operator.hpp"

#include <utility>

namespace proa::testing {
namespace {

constexpr std::uint32_t kOperatorTag = 0x5000000;
constexpr std::size_t kVotersMin = 3;

void count_result(Coverage& coverage, const Result<LogIndex>& change) {
  if (!change && change.error().code == Errc::configuration_changed) {
    coverage.happened(Sometimes::change_based_on_old_one);
  }
}

void count_result(Coverage& coverage, const Result<void>& transfer) {
  if (transfer) return coverage.happened(Sometimes::transfer_succeeded);
  coverage.happened(transfer.error().code == Errc::deadline ? Sometimes::transfer_timed_out
                                                            : Sometimes::transfer_refused);
}

}  // namespace

void Operator::start() {
  if (options_.works) order_later();
}

void Operator::order_later() {
  random_.begin("order");
  const Duration pause = random_.down_from(options_.pause_max);
  cluster_.scheduler().after(pause, kOperatorTag, [this] { order(); });
}

/// Mostly to the leader; an operator who is mistaken is refused.
void Operator::order() {
  if (stopped_) return;
  random_.resume("order");
  const auto leader = cluster_.leader();
  const std::size_t at = leader && random_.percent(90) ? *leader : any_server();
  const bool is_about_leadership = random_.percent(30);
  const bool twice = random_.percent(20);
  for (int times = twice ? 2 : 1; times > 0 && cluster_.raft(at) != nullptr; --times)
    is_about_leadership ? transfer(at) : change(at);
  order_later();
}

void Operator::change(std::size_t at) {
  Raft& raft = *cluster_.raft(at);
  const ConfigurationAt seen = raft.status().latest_configuration;
  if (const auto lost = lost_member(seen.configuration)) {
    return follow_change(at, raft.remove_server(*lost, seen.index), *lost);
  }
  const Server server = cluster_.server(any_server());
  follow_change(at, change_of(raft, server), server.id);
}

/// What takes a vote away names the configuration it assumes, or two orders at once would take two.
Future<LogIndex> Operator::change_of(Raft& raft, const Server& server) {
  const ConfigurationAt seen = raft.status().latest_configuration;
  const LogIndex based_on = random_.percent(50) ? seen.index : LogIndex{};
  const bool first_choice = random_.percent(60);
  const bool may_lose_a_voter = seen.configuration.voters() > kVotersMin && seen.index > LogIndex{};
  if (seen.configuration.has_vote(server.id) && may_lose_a_voter) {
    return first_choice ? raft.remove_server(server.id, seen.index)
                        : raft.demote_voter(server.id, seen.index);
  }
  const bool can_vote = !options_.is_careful || is_reached(server);
  if (first_choice && can_vote) return raft.add_voter(server, based_on);
  const bool is_nonvoter =
      seen.configuration.is_member(server.id) && !seen.configuration.has_vote(server.id);
  return is_nonvoter && !first_choice ? raft.remove_server(server.id, seen.index)
                                      : raft.add_nonvoter(server, based_on);
}

/// A machine that was replaced and never comes back.
std::optional<ServerId> Operator::lost_member(const Configuration& configuration) const {
  for (const Server& member : configuration.servers) {
    if (!cluster_.number_of(member.id)) return member.id;
  }
  return std::nullopt;
}

bool Operator::is_reached(const Server& server) const {
  const auto number = cluster_.number_of(server.id);
  const ServerShadow& shadow = cluster_.invariants().shadow(*number);
  return !shadow.latest.empty() && shadow.log.last() > LogIndex{};
}

void Operator::transfer(std::size_t at) {
  std::optional<ServerId> to;
  if (random_.percent(50)) to = cluster_.server(any_server()).id;
  follow(at, cluster_.raft(at)->leadership_transfer(std::move(to)),
         [this] { ++counters_.transfers; });
}

void Operator::follow_change(std::size_t at, Future<LogIndex> future, ServerId subject) {
  follow(at, std::move(future), [this, at, subject = std::move(subject)] { changed(at, subject); });
}

void Operator::changed(std::size_t at, const ServerId& subject) {
  ++counters_.changes;
  const ConfigurationAt now = cluster_.raft(at)->status().latest_configuration;
  if (now.configuration.is_member(subject)) {
    counters_.re_added += removed_.erase(subject);
    return;
  }
  removed_.insert(subject);
  if (options_.regret_percent == 0 || stopped_) return;
  regrets_.begin("regret");
  if (!regrets_.percent(options_.regret_percent)) return;
  cluster_.scheduler().after({}, kOperatorTag, [this, at, subject] { add_again(at, subject); });
}

/// The same identity, with all that its disk holds.
void Operator::add_again(std::size_t at, const ServerId& removed) {
  const auto number = cluster_.number_of(removed);
  Raft* raft = cluster_.raft(at);
  if (!number || raft == nullptr) return;
  const Server& server = cluster_.server(*number);
  const bool can_vote = !options_.is_careful || is_reached(server);
  follow_change(at, can_vote ? raft->add_voter(server, {}) : raft->add_nonvoter(server, {}),
                removed);
}

template <class T>
void Operator::follow(std::size_t at, Future<T> future, std::function<void()> succeeded) {
  const std::uint64_t order = ++orders_;
  open_.emplace(order, at);
  const std::uint64_t incarnation = cluster_.incarnation(at);
  std::move(future).then(
      [this, order, at, incarnation, succeeded = std::move(succeeded)](Result<T> result) {
        if (!cluster_.runs(at, incarnation)) return;  // nobody hears what a crashed process says
        open_.erase(order);
        count_result(cluster_.invariants().coverage(), result);
        result ? succeeded() : static_cast<void>(++counters_.refused);
      });
}

void Operator::server_crashed(std::size_t server) {
  std::erase_if(open_, [&](const auto& order) { return order.second == server; });
}

}  // namespace proa::testing
