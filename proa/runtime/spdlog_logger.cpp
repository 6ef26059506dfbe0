#include "proa/runtime/spdlog_logger.hpp"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <utility>

namespace proa {
namespace {

constexpr std::size_t kLinesWaitingMax = 8192;

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return spdlog::level::trace;
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

class SpdlogLogger final : public Logger {
 public:
  SpdlogLogger(std::shared_ptr<spdlog::details::thread_pool> writer, spdlog::sink_ptr sink,
               LogLevel level)
      : level_(level),
        logger_(std::make_shared<spdlog::async_logger>(
            "proa", std::move(sink), writer, spdlog::async_overflow_policy::overrun_oldest)),
        writer_(std::move(writer)) {
    logger_->set_level(level_of(level));
    logger_->flush_on(spdlog::level::trace);
    logger_->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        "%Y-%m-%dT%H:%M:%S.%fZ %^%-5l%$ %v", spdlog::pattern_time_type::utc));
  }

  bool enabled(LogLevel level) const override { return level >= level_; }
  void log(LogLevel level, std::string_view text) override {
    logger_->log(level_of(level), spdlog::string_view_t{text.data(), text.size()});
  }

 private:
  const LogLevel level_;
  std::shared_ptr<spdlog::async_logger> logger_;
  std::shared_ptr<spdlog::details::thread_pool> writer_;  ///< goes first: writes what waits
};

}  // namespace

Result<std::shared_ptr<Logger>> make_logger(const LogOptions& options) {
  try {
    spdlog::sink_ptr sink;
    if (options.file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file);
    }
    auto writer = std::make_shared<spdlog::details::thread_pool>(kLinesWaitingMax, 1U);
    return std::make_shared<SpdlogLogger>(std::move(writer), std::move(sink), options.level);
  } catch (const std::exception& error) {
    return fail(Errc::io_error, "cannot log to " +
                                    (options.file.empty() ? "standard error" : options.file) +
                                    ": " + error.what());
  }
}

}  // namespace proa
