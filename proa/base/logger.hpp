#pragma once

#include <cstdint>
#include <string_view>

namespace proa {

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error };

/// Where the library's log lines go. Threads: any; implementations must allow it.
class Logger {
 public:
  virtual ~Logger() = default;
  virtual bool enabled(LogLevel level) const = 0;
  virtual void log(LogLevel level, std::string_view text) = 0;
};

/// Drops everything.
class NullLogger : public Logger {
 public:
  bool enabled(LogLevel) const override { return false; }
  void log(LogLevel, std::string_view) override {}
};

}  // namespace proa
