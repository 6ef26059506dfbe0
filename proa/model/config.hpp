#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "proa/base/ids.hpp"
#include "proa/base/logger.hpp"
#include "proa/base/metrics_sink.hpp"
#include "proa/base/result.hpp"
#include "proa/base/time.hpp"

namespace proa {

/// The part of Config that a running node can change (reference §2.3).
struct ReloadableConfig {
  std::uint64_t trailing_logs = 10240;  ///< entries kept behind a snapshot; 0 is allowed
  Duration snapshot_interval = std::chrono::seconds{120};  ///< pace of the check, at least 5 ms
  std::uint64_t snapshot_threshold = 8192;  ///< entries since the last snapshot; 0 is allowed
  Duration heartbeat_timeout = std::chrono::milliseconds{1000};  ///< at least 5 ms
  Duration election_timeout = std::chrono::milliseconds{1000};   ///< at least heartbeat_timeout
  friend bool operator==(const ReloadableConfig&, const ReloadableConfig&) = default;
};

/// Settings of one node: the model's, with its defaults and bounds (reference §2), then ours.
struct Config : ReloadableConfig {
  int protocol_version = 3;  ///< 3 is the only one spoken; older message forms are still decoded
  ServerId local_id = {};    ///< must not be empty

  Duration commit_timeout = std::chrono::milliseconds{50};  ///< pace of idle appends, at least 1 ms
  Duration leader_lease_timeout = std::chrono::milliseconds{500};  ///< 5 ms .. heartbeat_timeout
  std::size_t append_entries_max = 1024;                ///< entries per append, 1 .. 1024
  std::size_t append_bytes_max = std::size_t{1} << 20;  ///< bytes per append; one entry always fits

  bool shutdown_on_remove = true;  ///< a leader that is no voter any more, once committed, stops
  bool no_snapshot_restore_on_start = false;
  bool pre_vote_disabled = false;
  bool restore_committed_logs = false;  ///< apply up to the commit index hint before create returns
  /// Vote without any configuration, as the model does. A wiped server then can vote twice in a
  /// term; see docs/divergences.md before turning it on.
  bool vote_before_configuration = false;

  /// Proposals that wait to be taken up; beyond: Errc::busy. A leader takes up no more while so
  /// many that it has taken up are not applied here, or entries of inbox_bytes_max are not durable
  /// here: its own disk or state machine may be slower than a majority. So at most twice as much is
  /// held, up to the limit and the round that reached it, beside what waits.
  std::size_t inbox_requests_max = 65536;
  std::size_t inbox_bytes_max = std::size_t{256} << 20;
  std::size_t command_bytes_max = std::size_t{64} << 20;     ///< beyond: Errc::command_too_large
  std::size_t tail_cache_bytes_max = std::size_t{16} << 20;  ///< durable entries kept in memory
  std::size_t apply_entries_max = 1024;                      ///< entries per call of Fsm::apply

  std::shared_ptr<Logger> logger = std::make_shared<NullLogger>();
  std::shared_ptr<MetricsSink> metrics = std::make_shared<NullMetricsSink>();
};

/// Checks every rule and bound of reference §2.2 in its order, then ours. Errors: invalid_config
/// whose detail names the field, the value and the bound.
Result<void> validate(const Config& config);

}  // namespace proa
