#pragma once

#include <memory>
#include <string>

#include "proa/base/random.hpp"
#include "proa/model/hard_state.hpp"
#include "proa/port/runtime.hpp"
#include "proa/port/stream_layer.hpp"
#include "proa/transport/detail/flush_list.hpp"
#include "proa/transport/net_options.hpp"

namespace proa {

/// What the connections of one NetTransport share. Threads: the loop.
struct NetContext {
  std::shared_ptr<Runtime> runtime;
  std::shared_ptr<StreamLayer> streams;
  NetOptions options;
  Random random;
  Sender local = {};  ///< as replies name us
  FlushList to_flush = {};

  void log(LogLevel level, const std::string& text) const {
    if (options.logger->enabled(level)) options.logger->log(level, text);
  }
};

}  // namespace proa
