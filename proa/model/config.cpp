#include "proa/model/config.hpp"

namespace proa {
namespace {

using namespace std::chrono_literals;

Failure invalid(const std::string& detail) {
  return fail(
      Error{.code = Errc::invalid_config, .outcome = Outcome::not_executed, .detail = detail});
}

struct DurationBound {
  const char* field;
  Duration value;
  Duration least;
};

Result<void> check(const DurationBound& bound) {
  if (bound.value >= bound.least) return {};
  return invalid(std::string{bound.field} + " is too low: " + to_string(bound.value) +
                 ", must be at least " + to_string(bound.least));
}

struct SizeBound {
  const char* field;
  std::size_t value;
  std::size_t least;
  std::size_t most = SIZE_MAX;
};

Result<void> check(const SizeBound& bound) {
  const std::string said = std::string{bound.field} + " is " + std::to_string(bound.value);
  if (bound.value < bound.least) {
    return invalid(said + ", must be at least " + std::to_string(bound.least));
  }
  if (bound.value > bound.most) {
    return invalid(said + ", must be at most " + std::to_string(bound.most));
  }
  return {};
}

Result<void> check_our_limits(const Config& config) {
  for (const SizeBound& bound : {
           SizeBound{.field = "append_bytes_max", .value = config.append_bytes_max, .least = 1},
           SizeBound{.field = "inbox_requests_max", .value = config.inbox_requests_max, .least = 1},
           SizeBound{.field = "inbox_bytes_max", .value = config.inbox_bytes_max, .least = 1},
           SizeBound{.field = "command_bytes_max",
                     .value = config.command_bytes_max,
                     .least = 1,
                     .most = std::size_t{256} << 20},
           SizeBound{.field = "apply_entries_max",
                     .value = config.apply_entries_max,
                     .least = 1,
                     .most = 1024},
       }) {
    PROA_TRY(check(bound));
  }
  if (config.logger == nullptr) return invalid("logger must not be null");
  if (config.metrics == nullptr) return invalid("metrics must not be null");
  return {};
}

}  // namespace

Result<void> validate(const Config& config) {
  if (config.protocol_version != 3) {
    return invalid("protocol_version " + std::to_string(config.protocol_version) +
                   " must be 3: older versions write entries that name servers by address only");
  }
  if (config.local_id.value.empty()) return invalid("local_id cannot be empty");
  PROA_TRY(check(DurationBound{"heartbeat_timeout", config.heartbeat_timeout, 5ms}));
  PROA_TRY(check(DurationBound{"election_timeout", config.election_timeout, 5ms}));
  PROA_TRY(check(DurationBound{"commit_timeout", config.commit_timeout, 1ms}));
  PROA_TRY(check(SizeBound{"append_entries_max", config.append_entries_max, 1, 1024}));
  PROA_TRY(check(DurationBound{"snapshot_interval", config.snapshot_interval, 5ms}));
  PROA_TRY(check(DurationBound{"leader_lease_timeout", config.leader_lease_timeout, 5ms}));
  if (config.leader_lease_timeout > config.heartbeat_timeout) {
    return invalid("leader_lease_timeout (" + to_string(config.leader_lease_timeout) +
                   ") cannot be larger than heartbeat_timeout (" +
                   to_string(config.heartbeat_timeout) + ")");
  }
  if (config.election_timeout < config.heartbeat_timeout) {
    return invalid("election_timeout (" + to_string(config.election_timeout) +
                   ") must be equal to or greater than heartbeat_timeout (" +
                   to_string(config.heartbeat_timeout) + ")");
  }
  return check_our_limits(config);
}

}  // namespace proa
