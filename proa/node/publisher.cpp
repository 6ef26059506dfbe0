#include <utility>

#include "proa/driver/errors.hpp"
#include "proa/node/detail/publisher.hpp"

namespace proa {
namespace {

Role role_of(core::Role role) {
  switch (role) {
    case core::Role::follower:
      return Role::follower;
    case core::Role::candidate:
      return Role::candidate;
    case core::Role::leader:
      return Role::leader;
  }
  PROA_ASSERT(false);
  return Role::follower;
}

/// The configurations are copied only if they may differ: this runs at the end of every turn.
void update(Status& status, const core::View& view, LogIndex applied, bool with_configurations) {
  status.role = role_of(view.role);
  status.term = view.term;
  status.leader = driver::leader_of(view);
  status.last_log = view.last_log;
  status.commit_index = view.commit_index;
  status.durable_index = view.durable_index;
  status.applied_index = applied;
  status.snapshot = view.snapshot;
  status.last_contact = view.last_contact;
  if (!with_configurations) return;
  status.latest_configuration = view.latest_configuration;
  status.committed_configuration = view.committed_configuration;
}

}  // namespace

const char* to_string(Role role) {
  switch (role) {
    case Role::follower:
      return "Follower";
    case Role::candidate:
      return "Candidate";
    case Role::leader:
      return "Leader";
    case Role::shutdown:
      return "Shutdown";
  }
  return "Unknown";
}

Subscription& Subscription::operator=(Subscription&& other) noexcept {
  end();
  publisher_ = std::move(other.publisher_);
  number_ = other.number_;
  return *this;
}

void Subscription::end() {
  if (const auto publisher = publisher_.lock()) publisher->forget(number_);
  publisher_.reset();
}

void Publisher::turn_ended(const core::View& view, LogIndex applied) {
  const Role role = last_.role;
  const std::optional<Server> leader = last_.leader;
  const bool may_differ = revision_ != view.configurations_revision;
  revision_ = view.configurations_revision;
  const bool is_reconfigured =
      may_differ && last_.latest_configuration != view.latest_configuration;
  update(last_, view, applied, may_differ);
  status_.with([&](Status& status) { update(status, view, applied, may_differ); });
  if (role != last_.role) {
    log(LogLevel::info,
        std::string{"now "} + to_string(last_.role) + " in term " + to_string(last_.term));
    tell(RoleChanged{.role = last_.role, .term = last_.term});
  }
  if (leader != last_.leader) tell(LeaderChanged{.leader = last_.leader, .term = last_.term});
  if (is_reconfigured) {
    log(LogLevel::info, "configuration of index " + to_string(last_.latest_configuration.index) +
                            ": " + to_string(last_.latest_configuration.configuration));
    tell(ConfigurationChanged{.configuration = last_.latest_configuration});
  }
}

void Publisher::incident(const core::Incident& incident) {
  log(LogLevel::warn, incident.detail);
  if (incident.kind == core::Incident::Kind::peer_lost_log) {
    return tell(PeerLostLog{.peer = incident.peer, .detail = incident.detail});
  }
  tell(PeerMisbehaved{.peer = incident.peer, .detail = incident.detail});
}

void Publisher::died(const Error& why) {
  log(LogLevel::error, "the node stops: " + to_string(why));
  end_with(why);
  tell(NodeDied{why});
}

void Publisher::ended() {
  last_.role = Role::shutdown;
  last_.leader.reset();
  status_.with([this](Status& status) { status = last_; });
  end_with(fail(driver::shutdown_error(Outcome::not_executed)));
  tell(RoleChanged{.role = Role::shutdown, .term = last_.term});
}

Subscription Publisher::observe(Fn<void(const Event&)> callback) {
  const std::uint64_t number = observers_.with([&](Observers& observers) {
    auto observer = std::make_shared<Fn<void(const Event&)>>(std::move(callback));
    observers.by_number.emplace(++observers.last_number, std::move(observer));
    return observers.last_number;
  });
  return Subscription{weak_from_this(), number};
}

void Publisher::forget(std::uint64_t observer) {
  observers_.with([observer](Observers& observers) { observers.by_number.erase(observer); });
}

Future<Error> Publisher::stopped() {
  Promise<Error> promise{runtime_};
  Future<Error> future = promise.future();
  const std::optional<Result<Error>> known =
      ending_.with([&](Ending& ending) -> std::optional<Result<Error>> {
        if (!ending.why) ending.waiting.push_back(std::move(promise));
        return ending.why;
      });
  if (known) promise.complete(*known);
  return future;
}

void Publisher::end_with(Result<Error> why) {
  std::vector<Promise<Error>> waiting = ending_.with([&](Ending& ending) {
    if (!ending.why) ending.why = why;
    return std::exchange(ending.waiting, {});
  });
  for (Promise<Error>& promise : waiting)
    promise.complete(why);
}

void Publisher::tell(const Event& event) {
  std::vector<Observer> all;
  observers_.with([&](const Observers& observers) {
    for (const auto& [number, observer] : observers.by_number)
      all.push_back(observer);
  });
  for (const Observer& observer : all)
    (*observer)(event);
}

void Publisher::log(LogLevel level, const std::string& text) const {
  if (logger_->enabled(level)) logger_->log(level, "raft: " + text);
}

}  // namespace proa
