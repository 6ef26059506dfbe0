#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "proa/base/guarded.hpp"
#include "proa/base/logger.hpp"
#include "proa/driver/driver.hpp"
#include "proa/node/event.hpp"
#include "proa/node/status.hpp"
#include "proa/port/future.hpp"

namespace proa {

/// What a node lets others know: a copy of its state, events for observers, and how it ended.
/// Threads: the Listener's methods on the loop, the rest any.
class Publisher final : public driver::Listener, public std::enable_shared_from_this<Publisher> {
 public:
  Publisher(std::shared_ptr<Runtime> runtime, std::shared_ptr<Logger> logger)
      : runtime_(std::move(runtime)), logger_(std::move(logger)) {}

  void turn_ended(const core::View& view, LogIndex applied) override;
  void incident(const core::Incident& incident) override;
  void died(const Error& why) override;
  void ended() override;

  Status status() const { return status_.copy(); }
  Subscription observe(Fn<void(const Event&)> callback);
  void forget(std::uint64_t observer);
  Future<Error> stopped();

 private:
  using Observer = std::shared_ptr<Fn<void(const Event&)>>;
  struct Observers {
    std::map<std::uint64_t, Observer> by_number = {};
    std::uint64_t last_number = 0;
  };
  struct Ending {
    std::vector<Promise<Error>> waiting = {};
    std::optional<Result<Error>> why = {};  ///< an error: shut down, not died
  };
  void tell(const Event& event);
  void end_with(Result<Error> why);
  void log(LogLevel level, const std::string& text) const;

  std::shared_ptr<Runtime> runtime_;
  std::shared_ptr<Logger> logger_;
  Guarded<Status> status_;
  Guarded<Observers> observers_;
  Guarded<Ending> ending_;
  Status last_ = {};            ///< as published
  std::uint64_t revision_ = 0;  ///< of the configurations in it
};

}  // namespace proa
