#include "proa/testing/checked_transport.hpp"

#include <utility>

namespace proa::testing {
namespace {

/// Of a connection, by number.
struct Ends {
  std::size_t here = 0;
  std::size_t there = 0;
};

class CheckedPeer final : public Peer {
 public:
  CheckedPeer(std::unique_ptr<Peer> inner, std::shared_ptr<Runtime> runtime,
              std::shared_ptr<Invariants> invariants, Ends ends)
      : inner_(std::move(inner)),
        runtime_(std::move(runtime)),
        invariants_(std::move(invariants)),
        server_(ends.here),
        peer_(ends.there) {}

  bool send(Channel channel, const Request& request, Respond& done) override {
    if (invariants_->journal() != nullptr) return send_and_tell(channel, request, done);
    if (!inner_->send(channel, request, done)) return false;
    if (!runtime_->ended()) invariants_->sends(server_, request);
    return true;
  }
  void when_writable(Channel channel, Fn<void()> callback) override {
    inner_->when_writable(channel, std::move(callback));
  }
  void send_snapshot(const InstallSnapshotRequest& request, std::shared_ptr<BytePipe> state,
                     Respond done) override {
    if (Journal* journal = invariants_->journal()) {
      journal->add_message(Happening::sends, server_, peer_, describe(request));
      done = telling(std::make_shared<Respond>(std::move(done)));
    }
    inner_->send_snapshot(request, std::move(state), std::move(done));
  }

 private:
  bool send_and_tell(Channel channel, const Request& request, Respond& done) {
    const auto told = std::make_shared<Respond>(std::move(done));
    Respond telling_it = telling(told);
    if (!inner_->send(channel, request, telling_it)) {
      done = std::move(*told);
      return false;
    }
    if (runtime_->ended()) return true;
    invariants_->journal()->add_message(Happening::sends, server_, peer_, describe(request));
    invariants_->sends(server_, request);
    return true;
  }

  Respond telling(std::shared_ptr<Respond> done) {
    return [done = std::move(done), runtime = runtime_, invariants = invariants_, server = server_,
            peer = peer_](Result<Reply> reply) mutable {
      if (runtime->ended()) return (*done)(std::move(reply));
      invariants->journal()->add_message(Happening::is_told, server, peer, describe(reply));
      (*done)(std::move(reply));
    };
  }

  std::unique_ptr<Peer> inner_;
  std::shared_ptr<Runtime> runtime_;
  std::shared_ptr<Invariants> invariants_;
  std::size_t server_;
  std::size_t peer_;
};

std::size_t sender_of(const Invariants& invariants, const Request& request) {
  struct Visitor {
    const ServerId& operator()(const AppendEntriesRequest& r) const { return r.leader.id; }
    const ServerId& operator()(const RequestVoteRequest& r) const { return r.candidate.id; }
    const ServerId& operator()(const RequestPreVoteRequest& r) const { return r.candidate.id; }
    const ServerId& operator()(const TimeoutNowRequest& r) const { return r.leader.id; }
  };
  return invariants.number_of(std::visit(Visitor{}, request)).value_or(kNobody);
}

}  // namespace

class CheckedTransport::Inbound final : public TransportEvents {
 public:
  Inbound(TransportEvents& events, std::shared_ptr<Runtime> runtime,
          std::shared_ptr<Invariants> invariants, std::size_t server)
      : events_(events),
        runtime_(std::move(runtime)),
        invariants_(std::move(invariants)),
        server_(server) {}

  void on_request(Request&& request, Respond respond) override {
    Request asked = request;
    const Meeting meeting = invariants_->meets(server_, request);
    std::size_t sender = kNobody;
    if (Journal* journal = invariants_->journal()) {
      sender = sender_of(*invariants_, request);
      journal->add_message(Happening::hears, server_, sender, describe(request));
    }
    events_.on_request(
        std::move(request),
        [runtime = runtime_, invariants = invariants_, server = server_, sender, meeting,
         asked = std::move(asked), respond = std::move(respond)](Result<Reply> reply) mutable {
          if (Journal* journal = invariants->journal(); journal != nullptr && !runtime->ended()) {
            journal->add_message(Happening::answers, server, sender, describe(reply));
          }
          if (reply && !runtime->ended()) invariants->answers(server, asked, *reply);
          if (!runtime->ended()) invariants->counts(server, meeting, asked, reply);
          respond(std::move(reply));
        });
  }
  void on_snapshot(InstallSnapshotRequest&& request, std::shared_ptr<BytePipe> state,
                   Respond respond) override {
    if (Journal* journal = invariants_->journal()) {
      const std::size_t sender = invariants_->number_of(request.leader.id).value_or(kNobody);
      journal->add_message(Happening::hears, server_, sender, describe(request));
      respond = [invariants = invariants_, server = server_, sender,
                 respond = std::move(respond)](Result<Reply> reply) mutable {
        invariants->journal()->add_message(Happening::answers, server, sender, describe(reply));
        respond(std::move(reply));
      };
    }
    events_.on_snapshot(std::move(request), std::move(state),
                        counting(request.term, std::move(respond)));
  }

 private:
  Respond counting(Term asked_in, Respond respond) {
    return [runtime = runtime_, invariants = invariants_, meeting = invariants_->meets(server_),
            asked_in, respond = std::move(respond)](Result<Reply> reply) mutable {
      if (!runtime->ended()) {
        invariants->coverage().answered(meeting, Asked::snapshot, answer_to(asked_in, reply));
      }
      respond(std::move(reply));
    };
  }

  TransportEvents& events_;
  std::shared_ptr<Runtime> runtime_;
  std::shared_ptr<Invariants> invariants_;
  std::size_t server_;
};

CheckedTransport::CheckedTransport(std::shared_ptr<Transport> inner,
                                   std::shared_ptr<Invariants> invariants, std::size_t server)
    : inner_(std::move(inner)), invariants_(std::move(invariants)), server_(server) {}

CheckedTransport::~CheckedTransport() { inner_->stop(); }

Result<void> CheckedTransport::start(TransportEvents& events) {
  inbound_ = std::make_unique<Inbound>(events, runtime(), invariants_, server_);
  return inner_->start(*inbound_);
}

std::unique_ptr<Peer> CheckedTransport::connect(const Server& server) {
  return std::make_unique<CheckedPeer>(
      inner_->connect(server), runtime(), invariants_,
      Ends{.here = server_, .there = invariants_->number_of(server.id).value_or(kNobody)});
}

}  // namespace proa::testing
