#pragma once

#include <memory>
#include <string>

#include "proa/base/logger.hpp"
#include "proa/base/result.hpp"

namespace proa {

struct LogOptions {
  LogLevel level = LogLevel::info;  ///< what is below it is dropped
  std::string file = {};            ///< appended to; empty: standard error
};

/// Lines with UTC time and level, written by a thread of its own: a stalled terminal or disk must
/// not stall the loop. At most 8192 lines wait; then the oldest are lost. Destroying it writes what
/// waits. Threads: any. Errors: io_error.
Result<std::shared_ptr<Logger>> make_logger(const LogOptions& options = {});

}  // namespace proa
