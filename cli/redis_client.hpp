#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proa/base/result.hpp"
#include "proa/base/time.hpp"
#include "server/resp/reply_parser.hpp"

namespace proa::cli {

/// One connection that speaks the Redis protocol. Blocking; after an error it connects anew with
/// the next request. Threads: one.
class RedisClient {
 public:
  explicit RedisClient(std::string address, Duration limit = std::chrono::seconds{5})
      : address_(std::move(address)), limit_(limit) {}
  ~RedisClient() { disconnect(); }
  RedisClient(RedisClient&& other) noexcept;
  RedisClient& operator=(RedisClient&&) = delete;

  using Command = std::vector<std::string>;
  /// An error reply is a reply. Errors: peer_unreachable, whose outcome says whether any of the
  /// commands may have run.
  Result<resp::ClientReply> run(const Command& command);
  Result<std::vector<resp::ClientReply>> run_all(const std::vector<Command>& commands);

 private:
  Result<void> connect();
  Result<void> send(std::string_view bytes);
  Result<resp::ClientReply> receive();
  Failure lost(Outcome outcome, const std::string& what);
  void disconnect();

  std::string address_;  ///< host:port
  Duration limit_;       ///< for each wait
  int socket_ = -1;
  std::string received_ = {};
};

}  // namespace proa::cli
