#include "cli/serve.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <utility>

#include "cli/output.hpp"
#include "cli/server_process.hpp"
#include "proa/runtime/spdlog_logger.hpp"

namespace proa::cli {
namespace {

using boost::asio::post;

/// The main thread of a server: it waits for signals and for what the loop reports.
class Main {
 public:
  Main(const Settings& settings, ServerProcess& process)
      : settings_(settings), process_(process), signals_(*context_, SIGTERM, SIGINT) {}

  Exit run() {
    signals_.async_wait([this](const boost::system::error_code& error, int) {
      if (!error) stop();
    });
    if (process_.needs_founding()) {
      const auto began =
          process_.found([this, context = context_](Result<server::Founded> founded) {
            post(*context, [this, founded = std::move(founded)] { on_founded(founded); });
          });
      if (!began) return report(began.error());
    } else {
      start();
    }
    const auto keep_running = boost::asio::make_work_guard(*context_);
    context_->run();
    return exit_;
  }

 private:
  void on_founded(const Result<server::Founded>& founded) {
    if (stopping_) return;
    if (!founded) return end(report(founded.error()));
    start();
  }

  void start() {
    const auto started = process_.run([this, context = context_](Error why) {
      post(*context, [this, why = std::move(why)] { on_death(why); });
    });
    if (!started) return end(report(started.error()));
    line("ready");
  }

  void on_death(const Error& why) {
    if (stopping_) return;
    exit_ = report(Exit::failed, why.detail,
                   "this server takes part in nothing any more; what it acknowledged is on its "
                   "disk and on other servers. Mend the disk and start it again");
    finish();
  }

  void stop() {
    if (stopping_) return;
    line("stopping");
    finish();
  }

  /// Answers what was taken, then ends.
  void finish() {
    stopping_ = true;
    limit_.expires_after(settings_.stop_limit);
    limit_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      end(report(Exit::failed, "stopping took longer than --stop-timeout"));
    });
    process_.stop([this, context = context_] { post(*context, [this] { end(exit_); }); });
  }

  void end(Exit exit) {
    exit_ = exit;
    context_->stop();
  }

  const Settings& settings_;
  ServerProcess& process_;
  /// The loop may still report when this has ended: then it is there to take it, and nobody runs
  /// it.
  std::shared_ptr<boost::asio::io_context> context_ = std::make_shared<boost::asio::io_context>(1);
  boost::asio::signal_set signals_;
  boost::asio::steady_timer limit_{*context_};
  bool stopping_ = false;
  Exit exit_ = Exit::ok;
};

}  // namespace

Exit serve(const Settings& settings) {
  auto logger = make_logger({.level = settings.log_level, .file = settings.log_file});
  if (!logger) return report(logger.error());
  auto process = ServerProcess::open(settings, *logger);
  if (!process) return report(process.error());
  line((*process)->banner());
  return Main{settings, **process}.run();
}

}  // namespace proa::cli
