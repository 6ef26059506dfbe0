#include "server/redis_server.hpp"

#include <cstdint>
#include <map>
#include <utility>

#include "server/detail/client_connection.hpp"

namespace proa::server {

/// Threads: the loop.
class RedisServer::Inner : public std::enable_shared_from_this<RedisServer::Inner> {
 public:
  Inner(std::shared_ptr<ServerContext> context, std::shared_ptr<StreamLayer> streams)
      : context_(std::move(context)), streams_(std::move(streams)) {}

  Result<void> start() {
    context_->address = streams_->local_address().value;
    context_->started_at = context_->runtime->now();
    return streams_->listen([weak = weak_from_this()](std::unique_ptr<Stream> stream) {
      if (const auto self = weak.lock()) self->accept(std::move(stream));
    });
  }

  void stop(Fn<void()> stopped) {
    streams_->stop_listening();
    stopping_ = true;
    stopped_ = std::move(stopped);
    for (const auto& [id, connection] : connections_)
      connection->finish();
    if (connections_.empty()) tell_stopped();
  }

  void close() {
    streams_->stop_listening();
    for (const auto& [id, connection] : std::exchange(connections_, {}))
      connection->close();
    stopped_ = {};
  }

  ServerAddress address() const { return streams_->local_address(); }

 private:
  void accept(std::unique_ptr<Stream> stream) {
    if (stopping_) return;
    const std::uint64_t id = ++context_->counters.connections;
    std::string remote = stream->remote();
    auto connection =
        std::make_shared<ClientConnection>(Session{.server = context_,
                                                   .id = id,
                                                   .remote = std::move(remote),
                                                   .began_at = context_->runtime->now()},
                                           std::move(stream), [this, id] { forget(id); });
    connections_.emplace(id, connection);
    context_->counters.clients = connections_.size();
    if (connections_.size() > context_->options.clients_max) {
      return connection->refuse("ERR max number of clients reached");
    }
    connection->start();
  }

  void forget(std::uint64_t id) {
    connections_.erase(id);
    context_->counters.clients = connections_.size();
    if (stopping_ && connections_.empty()) tell_stopped();
  }

  void tell_stopped() {
    if (!stopped_) return;
    context_->runtime->loop().post(std::exchange(stopped_, {}));
  }

  std::shared_ptr<ServerContext> context_;
  std::shared_ptr<StreamLayer> streams_;
  std::map<std::uint64_t, std::shared_ptr<ClientConnection>> connections_ = {};  ///< by id
  bool stopping_ = false;
  Fn<void()> stopped_ = {};
};

void flush_at_turn_end(const std::shared_ptr<ServerContext>& server,
                       const std::shared_ptr<Flushable>& connection) {
  server->to_flush.add(connection);
  if (std::exchange(server->flush_is_due, true)) return;
  server->runtime->at_turn_end([weak = std::weak_ptr{server}] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->flush_is_due = false;
    FlushList due = std::exchange(self->to_flush, {});
    due.flush();
  });
}

RedisServer::RedisServer(std::shared_ptr<Runtime> runtime, std::shared_ptr<StreamLayer> clients,
                         std::shared_ptr<Replica> replica, RedisServerOptions options)
    : runtime_(runtime) {
  auto context = std::make_shared<ServerContext>(ServerContext{
      .runtime = std::move(runtime), .replica = std::move(replica), .options = std::move(options)});
  inner_ = std::make_shared<Inner>(std::move(context), std::move(clients));
}

RedisServer::~RedisServer() {
  Fn<void()> end = [this] {
    inner_->close();
    inner_.reset();
  };
  runtime_->ended() ? end() : runtime_->run_on_loop(end);
}

Result<void> RedisServer::start() {
  Result<void> started;
  Fn<void()> task = [&] { started = inner_->start(); };
  runtime_->run_on_loop(task);
  return started;
}

void RedisServer::stop(Fn<void()> stopped) {
  Fn<void()> task = [&] { inner_->stop(std::move(stopped)); };
  runtime_->run_on_loop(task);
}

ServerAddress RedisServer::address() const { return inner_->address(); }

}  // namespace proa::server
