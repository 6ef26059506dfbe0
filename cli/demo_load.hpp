#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace proa::cli {

/// Clients that write, each key once, and remember what was acknowledged. Threads: one of its own
/// for each client; the interface: one.
class DemoLoad {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param pipeline  commands that a client has in flight
  DemoLoad(std::vector<std::string> addresses, std::size_t pipeline);
  ~DemoLoad() { stop(); }
  DemoLoad(const DemoLoad&) = delete;
  DemoLoad& operator=(const DemoLoad&) = delete;

  void stop();  ///< returns when every client has its last answers
  std::uint64_t acknowledged() const { return acknowledged_.load(); }
  /// When the first write was acknowledged that left after this moment; waits for it.
  Clock::time_point first_after(Clock::time_point moment);
  /// Keys of all that was acknowledged; after stop().
  std::vector<std::string> keys() const;

  static std::string value_of(const std::string& key) { return "value of " + key; }

 private:
  struct Writer {
    std::string address = {};
    std::string prefix = {};
    std::vector<std::uint64_t> numbers = {};  ///< of the keys that were acknowledged
    std::thread thread = {};
  };
  void write(Writer& writer);

  std::size_t pipeline_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> acknowledged_{0};
  std::atomic<std::int64_t> last_left_{0};  ///< when the newest acknowledged write left
  std::atomic<std::int64_t> last_came_{0};  ///< and when its answer came
  std::vector<std::unique_ptr<Writer>> writers_ = {};
};

}  // namespace proa::cli
