#include "server/raft_replica.hpp"

#include <algorithm>
#include <utility>

#include "proa/base/mutant.hpp"
#include "proa/transport/call_codec.hpp"
#include "server/detail/forwarder.hpp"
#include "server/detail/index_gate.hpp"

namespace proa::server {
namespace {

constexpr Duration kReadPatience = std::chrono::seconds{3};
constexpr Duration kReadPause = std::chrono::milliseconds{20};

Error stopped() {
  return {.code = Errc::shutdown,
          .outcome = Outcome::not_executed,
          .detail = "this server has stopped; ask another one"};
}

Result<kv::Reply> reply_of(Result<Applied> applied) {
  if (!applied) return fail(std::move(applied).error());
  auto* const reply = std::any_cast<kv::Reply>(&applied->response);
  PROA_ASSERT(reply != nullptr);
  return std::move(*reply);
}

template <class Request>
void fail_all(std::vector<Request>& batch, const Error& error) {
  for (Request& one : batch)
    one.done(fail(error));
}

Result<SharedBytes> encoded(Result<kv::Reply> reply) {
  if (!reply) return fail(std::move(reply).error());
  return kv::encode_reply(*reply);
}

}  // namespace

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
    there_ = std::make_shared<IndexGate>(parts_.runtime, [weak](IndexGate::Done done) {
      if (const auto self = weak.lock()) self->ask_leader(std::move(done));
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

  bool is_open() const { return parts_.raft != nullptr; }
  Raft& raft() const { return *parts_.raft; }
  bool leads() const { return is_open() && known_.role == Role::leader; }
  bool can_forward() const { return is_open() && forwarder_ && known_.leader && !leads(); }

  void look();
  void propose(std::vector<Write> batch);
  void on_forwarded_write(const SharedBytes& body, CallRespond respond);
  void propose_forwarded();
  void ask_here(IndexGate::Done done);
  void ask_leader(IndexGate::Done done);
  void try_reading(Reading reading);
  void read_again(Reading reading, Error why);
  void read_at(LogIndex index, Reading reading);
  Error not_leader() const;

  RaftReplicaParts parts_;  ///< `raft` is nullptr once this is closed
  Status known_ = {};       ///< as of the last event: who leads
  Subscription events_ = {};
  std::optional<Forwarder> forwarder_ = {};
  std::shared_ptr<IndexGate> here_ = {};   ///< read indexes of this server, while it leads
  std::shared_ptr<IndexGate> there_ = {};  ///< of the leader
  std::vector<Write> forwarded_ = {};      ///< arrived together from other servers
  std::uint64_t forwarded_writes_ = 0;
  std::uint64_t forwarded_reads_ = 0;
};

void RaftReplica::Inner::look() {
  known_ = raft().status();
  if (!forwarder_) return;
  forwarder_->set_leader(leads() ? std::nullopt : known_.leader);
}

Error RaftReplica::Inner::not_leader() const {
  return {.code = Errc::not_leader,
          .outcome = Outcome::not_executed,
          .leader = known_.leader,
          .detail = known_.leader ? "this server does not lead"
                                  : "no leader is known; a majority of the servers must run and "
                                    "reach each other"};
}

// ---- Writes ----

void RaftReplica::Inner::write(std::vector<Write> batch) {
  if (leads()) return propose(std::move(batch));
  if (can_forward()) {
    forwarded_writes_ += batch.size();
    for (Write& one : batch)
      forwarder_->write(known_.term, std::move(one));
    return;
  }
  parts_.runtime->loop().post(
      [batch = std::move(batch), error = not_leader()]() mutable { fail_all(batch, error); });
}

void RaftReplica::Inner::propose(std::vector<Write> batch) {
  std::vector<SharedBytes> commands;
  commands.reserve(batch.size());
  for (Write& one : batch)
    commands.push_back(std::move(one.command));
  std::vector<Future<Applied>> futures = raft().apply_all(commands);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    std::move(futures[i]).then([done = std::move(batch[i].done)](Result<Applied> applied) mutable {
      done(reply_of(std::move(applied)));
    });
  }
}

// A request that was under way while the leadership changed hands and came back must not overtake
// what its client has sent since: it is taken in the term it was sent for only. And what this
// version cannot apply must not get into the log.
void RaftReplica::Inner::on_forwarded_write(const SharedBytes& body, CallRespond respond) {
  auto write = decode_forwarded(body);
  if (!write) return respond(fail(std::move(write).error()));
  if (!leads() || write->term != known_.term) return respond(fail(not_leader()));
  if (const auto command = kv::decode_command(write->command); !command) {
    return respond(fail(Error{.code = Errc::unsupported_by_leader,
                              .outcome = Outcome::not_executed,
                              .detail = command.error().detail}));
  }
  forwarded_.push_back({.command = std::move(write->command),
                        .done = [respond = std::move(respond)](Result<kv::Reply> reply) mutable {
                          respond(encoded(std::move(reply)));
                        }});
  if (forwarded_.size() > 1) return;
  parts_.runtime->loop().post([weak = weak_from_this()] {
    if (const auto self = weak.lock(); self != nullptr) self->propose_forwarded();
  });
}

void RaftReplica::Inner::propose_forwarded() {
  std::vector<Write> batch = std::exchange(forwarded_, {});
  if (!leads()) return fail_all(batch, not_leader());
  propose(std::move(batch));
}

// ---- Reads ----

void RaftReplica::Inner::read(std::vector<Read> batch) {
  try_reading({.batch = std::move(batch), .until = parts_.runtime->now() + kReadPatience});
}

void RaftReplica::Inner::try_reading(Reading reading) {
  if (!leads() && !can_forward()) return read_again(std::move(reading), not_leader());
  if (!leads()) forwarded_reads_ += reading.batch.size();
  IndexGate& gate = leads() ? *here_ : *there_;
  gate.ask([weak = weak_from_this(), reading = std::move(reading)](Result<LogIndex> index) mutable {
    const auto self = weak.lock();
    if (self == nullptr || !self->is_open()) return fail_all(reading.batch, stopped());
    if (!index) return self->read_again(std::move(reading), index.error());
    self->read_at(*index, std::move(reading));
  });
}

// A read changes nothing, so it may be tried until somebody leads again.
void RaftReplica::Inner::read_again(Reading reading, Error why) {
  Runtime& runtime = *parts_.runtime;
  const bool hopeless = why.code == Errc::unsupported_by_leader;
  const Instant next = runtime.now() + (hopeless ? Duration{} : kReadPause);
  runtime.start_timer(
      next, [weak = weak_from_this(), reading = std::move(reading), why, hopeless, next]() mutable {
        const auto self = weak.lock();
        if (self == nullptr || !self->is_open()) return fail_all(reading.batch, stopped());
        if (hopeless || next >= reading.until) return fail_all(reading.batch, why);
        self->try_reading(std::move(reading));
      });
}

// Whatever was acknowledged before now is in the log of the one who leads, up to its end; that it
// leads is what remains to be seen.
void RaftReplica::Inner::ask_here(IndexGate::Done done) {
  if (!leads()) {
    parts_.runtime->loop().post(
        [done = std::move(done), error = not_leader()]() mutable { done(fail(std::move(error))); });
    return;
  }
  const LogIndex index = raft().status().last_log.index;
  if (mutant("leader reads unconfirmed")) {
    parts_.runtime->loop().post([done = std::move(done), index]() mutable { done(index); });
    return;
  }
  raft().verify_leader().then([done = std::move(done), index](Result<void> verified) mutable {
    if (!verified) return done(fail(std::move(verified).error()));
    done(index);
  });
}

void RaftReplica::Inner::ask_leader(IndexGate::Done done) {
  if (mutant("follower reads unasked")) {
    parts_.runtime->loop().post(
        [done = std::move(done), index = known_.applied_index]() mutable { done(index); });
    return;
  }
  if (can_forward()) return forwarder_->read_index(std::move(done));
  ask_here(std::move(done));  // the leadership has moved here, or nobody has it
}

void RaftReplica::Inner::read_at(LogIndex index, Reading reading) {
  const Duration left = std::max(reading.until - parts_.runtime->now(), kReadPause);
  raft().wait_applied(index).within(left).then(
      [store = parts_.store, batch = std::move(reading.batch)](Result<LogIndex> applied) mutable {
        if (!applied) return fail_all(batch, applied.error());
        for (Read& one : batch)
          one.done(store->answer(one.query));
      });
}

// ---- Other servers ----

void RaftReplica::Inner::serve(CallServer& server) {
  const auto weak = weak_from_this();
  server.on(kCallWrite, [weak](const CallHello&, SharedBytes body, CallRespond respond) {
    const auto self = weak.lock();
    if (self == nullptr || !self->is_open()) return respond(fail(stopped()));
    self->on_forwarded_write(body, std::move(respond));
  });
  server.on(kCallReadIndex, [weak](const CallHello&, SharedBytes, CallRespond respond) {
    const auto self = weak.lock();
    if (self == nullptr || !self->is_open()) return respond(fail(stopped()));
    self->here_->ask([respond = std::move(respond)](Result<LogIndex> index) mutable {
      if (!index) return respond(fail(std::move(index).error()));
      CallWriter writer;
      respond(writer.u64(index->value).take());
    });
  });
  server.on(kCallClientAddress, [weak](const CallHello&, SharedBytes, CallRespond respond) {
    const auto self = weak.lock();
    if (self == nullptr || !self->is_open()) return respond(fail(stopped()));
    CallWriter writer;
    respond(writer.text(self->parts_.client_address).take());
  });
}

ReplicaStatus RaftReplica::Inner::status() const {
  const Status now = is_open() ? raft().status() : known_;
  return {.self = parts_.self,
          .role = now.role,
          .term = now.term,
          .leader = now.leader,
          .leader_client_address = forwarder_ ? forwarder_->client_address() : std::string{},
          .commit_index = now.commit_index,
          .applied_index = now.applied_index,
          .servers = now.latest_configuration.configuration.servers.size(),
          .keys = parts_.store->key_count(),
          .forwarded_writes = forwarded_writes_,
          .forwarded_reads = forwarded_reads_};
}

RaftReplica::RaftReplica(RaftReplicaParts parts)
    : runtime_(parts.runtime), inner_(std::make_shared<Inner>(std::move(parts))) {
  Fn<void()> start = [this] { inner_->start(); };
  runtime_->run_on_loop(start);
}

RaftReplica::~RaftReplica() {
  Fn<void()> end = [this] {
    inner_->close();
    inner_.reset();
  };
  runtime_->ended() ? end() : runtime_->run_on_loop(end);
}

void RaftReplica::serve(CallServer& server) {
  Fn<void()> task = [&] { inner_->serve(server); };
  runtime_->run_on_loop(task);
}

void RaftReplica::write(std::vector<Write> batch) { inner_->write(std::move(batch)); }
void RaftReplica::read(std::vector<Read> batch) { inner_->read(std::move(batch)); }
ReplicaStatus RaftReplica::status() const { return inner_->status(); }

}  // namespace proa::server
