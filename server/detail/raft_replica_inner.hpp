#pragma once

#include <optional>
#include <vector>

#include "server/detail/forwarder.hpp"
#include "server/detail/index_gate.hpp"
#include "server/raft_replica.hpp"

namespace proa::server {

/// Threads: the loop.
class RaftReplica::Inner : public std::enable_shared_from_this<RaftReplica::Inner> {
 public:
  explicit Inner(RaftReplicaParts parts) : parts_(std::move(parts)) {}

  void start() {
    const auto weak = weak_from_this();
    events_ = raft().observe([weak](const Event&) {
      if (const auto self = weak.lock(); self != nullptr && self->is_open()) self->look();
    });
    here_ = std::make_shared<IndexGate>(parts_.runtime, [weak](IndexGate::Done done) {
      if (const auto self = weak.lock()) self->ask_here(std::move(done));
    });
    if (parts_.peers != nullptr) forwarder_.emplace(parts_.runtime, parts_.peers, parts_.calls);
    look();
  }

  void close() {
    events_ = {};
    forwarder_.reset();
    parts_.raft = nullptr;
  }

  void serve(CallServer& server);
  void write(std::vector<Write> batch);
  void read(std::vector<Read> batch);
  ReplicaStatus status() const;

 private:
  struct Reading {
    std::vector<Read> batch = {};
    Instant until = {};
  };

  /// A write of another server, for the term in which that one asks.
  struct Forwarded {
    Term term = {};
    Write write = {};
  };

  bool is_open() const { return parts_.raft != nullptr; }
  Raft& raft() const { return *parts_.raft; }
  bool leads() const { return is_open() && known_.role == Role::leader; }
  bool can_forward() const { return is_open() && forwarder_ && known_.leader && !leads(); }

  void look();
  void propose(std::vector<Write> batch);
  void on_forwarded_write(const SharedBytes& body, CallRespond respond);
  void on_forwarded_read(const SharedBytes& body, CallRespond respond);
  SharedBytes answer_of(LogIndex index, const ForwardedRead& read) const;
  void propose_forwarded();
  void ask_here(IndexGate::Done done);
  void try_reading(Reading reading);
  void read_here(Reading reading);
  void read_through_leader(Reading reading);
  void read_again(Reading reading, Error why);
  void read_at(LogIndex index, Reading reading);
  void answer_now(std::vector<Read>& batch) const;
  Error not_leader() const;

  RaftReplicaParts parts_;  ///< `raft` is nullptr once this is closed
  Status known_ = {};       ///< as of the last event: who leads
  Subscription events_ = {};
  std::optional<Forwarder> forwarder_ = {};
  std::shared_ptr<IndexGate> here_ = {};   ///< read indexes of this server, while it leads
  std::vector<Forwarded> forwarded_ = {};  ///< arrived together from other servers
  std::uint64_t forwarded_writes_ = 0;
  std::uint64_t forwarded_reads_ = 0;
};

Error stopped_error();

template <class Request>
void fail_all(std::vector<Request>& batch, const Error& error) {
  for (Request& one : batch)
    one.done(fail(error));
}

}  // namespace proa::server
