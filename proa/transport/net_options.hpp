#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "proa/base/ids.hpp"
#include "proa/base/logger.hpp"
#include "proa/base/time.hpp"

namespace proa {

/// Settings of a NetTransport. The defaults suit a cluster in one region.
struct NetOptions {
  ServerId local_id = {};  ///< named in replies, which nobody examines; may stay empty

  Duration dial_limit = std::chrono::seconds{3};
  Duration control_limit = std::chrono::seconds{3};  ///< for the oldest open vote or heartbeat
  Duration append_limit = std::chrono::seconds{10};  ///< for the oldest open append
  /// For a snapshot, once for every whole 256 KiB of it; the model's TimeoutScale.
  Duration snapshot_limit = std::chrono::seconds{10};

  /// Pause before a channel that failed twice in a row is dialled again: the first, then doubled
  /// up to the last; each is shortened by up to one half at random.
  Duration redial_first = std::chrono::milliseconds{10};
  Duration redial_last = std::chrono::milliseconds{500};

  std::size_t window_bytes = std::size_t{4} << 20;  ///< per channel: sent or queued, unanswered

  std::size_t connections_max = 256;  ///< accepted; the one silent longest gives way to a new one
  std::size_t read_ahead_requests = 16;  ///< per connection: received, unanswered
  std::size_t read_ahead_bytes = std::size_t{4} << 20;
  std::size_t request_bytes_max = std::size_t{512} << 20;  ///< a leader of the model has no limit

  std::shared_ptr<Logger> logger = std::make_shared<NullLogger>();
};

}  // namespace proa
