#include "server/raft_replica.hpp"

#include <utility>

namespace proa::server {
namespace {

Result<kv::Reply> reply_of(Result<Applied> applied) {
  if (!applied) return fail(std::move(applied).error());
  auto* const reply = std::any_cast<kv::Reply>(&applied->response);
  PROA_ASSERT(reply != nullptr);
  return std::move(*reply);
}

}  // namespace

/// Threads: the loop.
class RaftReplica::Inner : public std::enable_shared_from_this<RaftReplica::Inner> {
 public:
  Inner(std::shared_ptr<Runtime> runtime, Raft& raft, std::shared_ptr<kv::Store> store,
        ServerId self)
      : runtime_(std::move(runtime)),
        raft_(&raft),
        store_(std::move(store)),
        self_(std::move(self)),
        known_(raft.status()) {}

  void start() {
    events_ = raft_->observe([weak = weak_from_this()](const Event&) {
      if (const auto self = weak.lock(); self != nullptr && self->raft_ != nullptr) {
        self->known_ = self->raft_->status();
      }
    });
    known_ = raft_->status();
  }

  void close() {
    events_ = {};
    raft_ = nullptr;
  }

  void write(std::vector<Write> batch) {
    if (known_.role != Role::leader) return refuse(batch);
    std::vector<SharedBytes> commands;
    commands.reserve(batch.size());
    for (Write& one : batch)
      commands.push_back(std::move(one.command));
    std::vector<Future<Applied>> futures = raft_->apply_all(commands);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      std::move(futures[i])
          .then([done = std::move(batch[i].done)](Result<Applied> applied) mutable {
            done(reply_of(std::move(applied)));
          });
    }
  }

  void read(std::vector<Read> batch) {
    if (known_.role != Role::leader) return refuse(batch);
    // Whatever was acknowledged before now is in the log of the one who leads, up to here.
    const LogIndex index = raft_->status().last_log.index;
    raft_->verify_leader().then(
        [weak = weak_from_this(), index, batch = std::move(batch)](Result<void> verified) mutable {
          const auto self = weak.lock();
          if (self == nullptr || self->raft_ == nullptr) return;
          if (!verified) return fail_all(batch, verified.error());
          self->read_at(index, std::move(batch));
        });
  }

  ReplicaStatus status() const {
    const Status now = raft_->status();
    return {.self = self_,
            .role = now.role,
            .term = now.term,
            .leader = now.leader,
            .commit_index = now.commit_index,
            .applied_index = now.applied_index,
            .servers = now.latest_configuration.configuration.servers.size(),
            .keys = store_->key_count()};
  }

 private:
  void read_at(LogIndex index, std::vector<Read> batch) {
    raft_->wait_applied(index).then(
        [weak = weak_from_this(), batch = std::move(batch)](Result<LogIndex> applied) mutable {
          const auto self = weak.lock();
          if (self == nullptr) return;
          if (!applied) return fail_all(batch, applied.error());
          for (Read& one : batch)
            one.done(self->store_->answer(one.query));
        });
  }

  template <class Request>
  void refuse(std::vector<Request>& batch) {
    Error error{.code = Errc::not_leader,
                .outcome = Outcome::not_executed,
                .leader = known_.leader,
                .detail = known_.leader ? "this server does not lead"
                                        : "no leader is known; a majority of the servers must run "
                                          "and reach each other"};
    runtime_->loop().post(
        [batch = std::move(batch), error = std::move(error)]() mutable { fail_all(batch, error); });
  }

  template <class Request>
  static void fail_all(std::vector<Request>& batch, const Error& error) {
    for (Request& one : batch)
      one.done(fail(error));
  }

  std::shared_ptr<Runtime> runtime_;
  Raft* raft_;  ///< nullptr: closed
  std::shared_ptr<kv::Store> store_;
  ServerId self_;
  Status known_;  ///< as of the last event: who leads
  Subscription events_ = {};
};

RaftReplica::RaftReplica(std::shared_ptr<Runtime> runtime, Raft& raft,
                         std::shared_ptr<kv::Store> store, ServerId self)
    : runtime_(runtime),
      inner_(std::make_shared<Inner>(std::move(runtime), raft, std::move(store), std::move(self))) {
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

void RaftReplica::write(std::vector<Write> batch) { inner_->write(std::move(batch)); }
void RaftReplica::read(std::vector<Read> batch) { inner_->read(std::move(batch)); }
ReplicaStatus RaftReplica::status() const { return inner_->status(); }

}  // namespace proa::server
