#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cli/redis_client.hpp"
#include "proa/base/random.hpp"
#include "tests/torture/history.hpp"

namespace proa::torture {

Instant now();

/// What the clients of a round did, by the outcome they were told.
struct Tally {
  std::uint64_t acknowledged_writes = 0;
  std::uint64_t reads = 0;
  std::uint64_t refused = 0;  ///< with the word that nothing has happened
  std::uint64_t unknown = 0;

  void add(const Tally& other);
};

/// Clients of every server that write, read and increment the keys of one round, and note what they
/// were told. Threads: one of its own for each client; the interface: one.
class Clients {
 public:
  Clients(std::vector<std::string> addresses, std::string round, std::uint64_t seed);
  ~Clients() { stop(); }
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  void stop();  ///< returns when every client has its last answer, or has given up
  /// Every key once more, at a server that has to answer; into the history. Nothing: it did.
  std::optional<std::string> read_all(const std::string& address);
  const History& history() const { return history_; }  ///< after stop()
  const Tally& tally() const { return tally_; }        ///< after stop()

 private:
  void run(const std::string& address, std::uint64_t seed);
  void set(cli::RedisClient& client, const std::string& key);
  void get(cli::RedisClient& client, const std::string& key);
  void increment(cli::RedisClient& client, const std::string& key);
  void read_counter(cli::RedisClient& client, const std::string& key);

  std::string round_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> values_{0};
  std::mutex mutex_;  ///< guards the two below
  History history_ = {};
  Tally tally_ = {};
  std::vector<std::thread> threads_ = {};
};

}  // namespace proa::torture
