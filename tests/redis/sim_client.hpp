#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proa/testing/sim_runtime.hpp"
#include "proa/testing/sim_streams.hpp"
#include "server/resp/reply_parser.hpp"

namespace proa::redis {

/// A client of the Redis protocol on a simulated stream: one request at a time. Threads: one.
class SimClient {
 public:
  /// Nothing: the connection ended, or there was no answer in time.
  using Done = std::function<void(std::optional<resp::ClientReply>)>;

  SimClient(testing::Scheduler& scheduler, testing::SimStreams& streams, std::string name,
            std::uint64_t seed);
  ~SimClient();
  SimClient(const SimClient&) = delete;
  SimClient& operator=(const SimClient&) = delete;

  /// Keeps the connection for the next request to the same server. `done` runs once.
  void ask(const ServerAddress& server, const std::vector<std::string_view>& arguments,
           Duration limit, Done done);
  bool busy() const { return static_cast<bool>(done_); }
  void disconnect();

 private:
  void on_connected(Result<std::unique_ptr<Stream>> stream);
  void write();
  void await_bytes();
  void on_readable();
  void finish(std::optional<resp::ClientReply> reply);

  std::shared_ptr<testing::SimRuntime> runtime_;
  std::unique_ptr<StreamLayer> layer_;
  ServerAddress server_ = {};
  std::unique_ptr<Dialing> dialing_ = {};
  std::unique_ptr<Stream> stream_ = {};
  std::string unsent_ = {};
  std::string received_ = {};
  TimerId timer_ = {};
  Done done_ = {};
};

}  // namespace proa::redis
