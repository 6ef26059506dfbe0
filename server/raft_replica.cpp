#include "server/raft_replica.hpp"

#include <utility>

#include "proa/transport/call_codec.hpp"
#include "server/detail/raft_replica_inner.hpp"

namespace proa::server {
namespace {

Result<kv::Reply> reply_of(Result<Applied> applied) {
  if (!applied) return fail(std::move(applied).error());
  auto* const reply = std::any_cast<kv::Reply>(&applied->response);
  PROA_ASSERT(reply != nullptr);
  return std::move(*reply);
}

/// As the server that asked gets it; it takes no more than this.
Result<SharedBytes> encoded(Result<kv::Reply> reply, std::size_t bytes_max) {
  if (!reply) return fail(std::move(reply).error());
  if (const std::size_t bytes = kv::encoded_bytes(*reply); bytes > bytes_max) {
    return kv::encode_reply(kv::Refusal{"ERR executed, but the answer of " + std::to_string(bytes) +
                                        " bytes is too large to come through this server"});
  }
  return kv::encode_reply(*reply);
}

}  // namespace

Error stopped_error() {
  return {.code = Errc::shutdown,
          .outcome = Outcome::not_executed,
          .detail = "this server has stopped; ask another one"};
}

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
    const Term term = raft().status().term;  // a leader that is elected again makes no event
    for (Write& one : batch)
      forwarder_->write(term, std::move(one));
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

// What this version cannot apply must not get into the log.
void RaftReplica::Inner::on_forwarded_write(const SharedBytes& body, CallRespond respond) {
  auto write = decode_forwarded_write(body);
  if (!write) return respond(fail(std::move(write).error()));
  if (!leads()) return respond(fail(not_leader()));
  if (const auto command = kv::decode_command(write->command); !command) {
    return respond(fail(Error{.code = Errc::unsupported_by_leader,
                              .outcome = Outcome::not_executed,
                              .detail = command.error().detail}));
  }
  ReplyDone done = [respond = std::move(respond),
                    most = parts_.calls.call_bytes_max](Result<kv::Reply> reply) mutable {
    respond(encoded(std::move(reply), most));
  };
  forwarded_.push_back({.term = write->term,
                        .write = {.command = std::move(write->command), .done = std::move(done)}});
  if (forwarded_.size() > 1) return;
  parts_.runtime->loop().post([weak = weak_from_this()] {
    if (const auto self = weak.lock(); self != nullptr) self->propose_forwarded();
  });
}

// A request that was under way while the leadership changed hands and came back must not overtake
// what its client has sent since: it is taken in the term it was sent for only.
void RaftReplica::Inner::propose_forwarded() {
  const Term term = is_open() ? raft().status().term : Term{};
  std::vector<Write> batch;
  for (Forwarded& one : std::exchange(forwarded_, {})) {
    if (!leads() || one.term != term) {
      one.write.done(fail(not_leader()));
    } else {
      batch.push_back(std::move(one.write));
    }
  }
  if (!batch.empty()) propose(std::move(batch));
}

// ---- Other servers ----

void RaftReplica::Inner::serve(CallServer& server) {
  const auto weak = weak_from_this();
  server.on(kCallWrite, [weak](const CallHello&, SharedBytes body, CallRespond respond) {
    const auto self = weak.lock();
    if (self == nullptr || !self->is_open()) return respond(fail(stopped_error()));
    self->on_forwarded_write(body, std::move(respond));
  });
  server.on(kCallRead, [weak](const CallHello&, SharedBytes body, CallRespond respond) {
    const auto self = weak.lock();
    if (self == nullptr || !self->is_open()) return respond(fail(stopped_error()));
    self->on_forwarded_read(body, std::move(respond));
  });
  server.on(kCallClientAddress, [weak](const CallHello&, SharedBytes, CallRespond respond) {
    const auto self = weak.lock();
    if (self == nullptr || !self->is_open()) return respond(fail(stopped_error()));
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
