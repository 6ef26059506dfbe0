#include "tests/redis/sim_client.hpp"

#include <array>
#include <utility>

#include "proa/base/assert.hpp"

namespace proa::redis {

SimClient::SimClient(testing::Scheduler& scheduler, testing::SimStreams& streams, std::string name,
                     std::uint64_t seed)
    : runtime_(std::make_shared<testing::SimRuntime>(
          scheduler, testing::SimRuntimeOptions{.server = 99}, seed)),
      layer_(streams.layer(runtime_, {std::move(name)})) {}

SimClient::~SimClient() {
  disconnect();
  runtime_->kill();
}

void SimClient::disconnect() {
  dialing_.reset();
  stream_.reset();
  received_.clear();
  unsent_.clear();
}

void SimClient::ask(const ServerAddress& server, const std::vector<std::string_view>& arguments,
                    Duration limit, Done done) {
  PROA_ASSERT(!busy());
  done_ = std::move(done);
  timer_ = runtime_->start_timer(runtime_->now() + limit, [this] { finish(std::nullopt); });
  if (server != server_) disconnect();
  server_ = server;
  unsent_ = resp::encode_request(arguments);
  if (stream_ != nullptr) return write();
  dialing_ = layer_->dial(server_, limit, [this](Result<std::unique_ptr<Stream>> stream) {
    on_connected(std::move(stream));
  });
}

void SimClient::on_connected(Result<std::unique_ptr<Stream>> stream) {
  if (!stream) return finish(std::nullopt);
  stream_ = std::move(*stream);
  await_bytes();
  write();
}

void SimClient::write() {
  const ByteView piece = view_of(unsent_);
  const auto taken = stream_->write_some({&piece, 1});
  if (!taken) return finish(std::nullopt);
  unsent_.erase(0, *taken);
  if (unsent_.empty()) return;
  stream_->when_writable([this] { write(); });
}

void SimClient::await_bytes() {
  stream_->when_readable([this] { on_readable(); });
}

void SimClient::on_readable() {
  std::array<std::byte, 4096> buffer = {};
  const auto got = stream_->read_some(buffer);
  if (!got) {
    stream_.reset();
    server_ = {};
    return finish(std::nullopt);
  }
  received_ += text_of(ByteView{buffer}.first(*got));
  await_bytes();
  auto reply = resp::parse_reply(received_);
  PROA_ASSERT(reply.has_value());
  if (!reply->has_value()) return;
  received_.erase(0, (*reply)->bytes);
  finish(std::move((*reply)->reply));
}

void SimClient::finish(std::optional<resp::ClientReply> reply) {
  runtime_->cancel_timer(timer_);
  if (!reply) {
    disconnect();
    server_ = {};
  }
  if (Done done = std::exchange(done_, {})) done(std::move(reply));
}

}  // namespace proa::redis
