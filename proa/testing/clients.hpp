#pragma once

#include <map>
#include <vector>

#include "proa/testing/choices.hpp"
#include "proa/testing/sim_cluster.hpp"

namespace proa::testing {

/// Names one attempt of a client to write or to read. Never used twice: a retry is one of its own.
struct AttemptId {
  std::uint64_t value = 0;
};

/// What a read has brought back.
struct Seen {
  std::uint64_t up_to = 0;  ///< it has seen so much, in the units of Requests::known_by_now
  std::uint64_t hash = 0;   ///< of the state, if somebody compares that
};

/// What clients ask for, and who judges what they are told. Threads: one.
class Requests {
 public:
  virtual ~Requests() = default;
  virtual AttemptId new_attempt() = 0;
  /// What it asks for; drawn within a span that is already begun.
  virtual CommandWithExtensions command(AttemptId attempt, Choices& random) = 0;
  virtual void acknowledged(AttemptId attempt, const Applied& applied) = 0;
  virtual void failed(AttemptId attempt, const Error& error) = 0;  ///< a write
  /// What a read that begins now has to see at least.
  virtual std::uint64_t known_by_now() const = 0;
  virtual Future<Seen> read(Raft& raft, Fsm& fsm) = 0;
  virtual void has_read(std::uint64_t known_before, const Seen& seen) = 0;
};

struct LoadOptions {
  std::size_t clients = 8;
  Duration think_max = std::chrono::milliseconds{150};  ///< between two writes of a client
  std::size_t burst = 1;                        ///< writes that a client has under way at once
  std::uint64_t read_percent = 20;              ///< of what they do are linearizable reads
  Duration patience = std::chrono::seconds{1};  ///< then it gives up and asks another server
};

/// Clients that write and read without pause. Each has its idea of who leads: it follows the hint
/// of a refusal, tries another server when it hears nothing, and never repeats a write as the same
/// one. Threads: one.
class Clients {
 public:
  Clients(SimCluster& cluster, Requests& requests, LoadOptions options, Choices choices);

  void start();
  void stop() { stopped_ = true; }  ///< what is under way goes on
  void server_crashed(std::size_t server);
  /// Somebody who waits for nothing writes so much to one server.
  void flood(std::size_t server, std::size_t writes);
  /// What was given to a server which still runs and has not come back.
  std::size_t open_attempts() const { return open_.size(); }
  std::uint64_t in_flight_at_crashes() const { return in_flight_at_crashes_; }
  std::uint64_t writes_refused_as_busy() const { return writes_refused_as_busy_; }
  std::uint64_t reads() const { return reads_; }
  /// Reads that another server has confirmed than the one before.
  std::uint64_t reads_after_leader_change() const { return reads_after_leader_change_; }

 private:
  struct Client {
    std::size_t believes = 0;  ///< whom it takes for the leader
    std::size_t under_way = 0;
  };
  struct Open {
    std::size_t client = 0;
    std::size_t server = 0;
    std::uint64_t incarnation = 0;
    bool is_read = false;
    bool waited_for = true;  ///< the client's patience has not ended
  };

  void next_round(std::size_t client);
  std::size_t any_server();
  Raft* believed_leader(std::size_t client);
  AttemptId open(std::size_t client, bool is_read);
  void give(AttemptId attempt, Raft& raft);
  void write(std::size_t client);
  void read(std::size_t client);
  /// What a crashed process says while it is taken apart, nobody hears.
  bool hears(AttemptId attempt) const;
  void written(AttemptId attempt, Result<Applied> result);
  void has_read(AttemptId attempt, std::uint64_t known_before, Result<Seen> result);
  void count_failed_write(const Error& error);
  void count_failed_read(const Error& error);
  void ask_elsewhere(std::size_t client, const Error& error);
  void give_up(AttemptId attempt);
  void release(std::size_t client);
  void think_then_write(std::size_t client);

  SimCluster& cluster_;
  Requests& requests_;
  LoadOptions options_;
  Choices random_;
  std::vector<Client> clients_;
  std::map<std::uint64_t, Open> open_;  ///< by attempt
  std::uint64_t in_flight_at_crashes_ = 0;
  std::uint64_t writes_refused_as_busy_ = 0;
  std::uint64_t reads_ = 0;
  std::uint64_t reads_after_leader_change_ = 0;
  std::size_t read_at_ = SIZE_MAX;  ///< who has confirmed the last read
  bool stopped_ = false;
};

}  // namespace proa::testing
