#include "proa/transport/detail/net_peer.hpp"

#include <string>
#include <utility>

namespace proa {

namespace {
std::string name_of(const char* channel, const Server& server) {
  return std::string{"the "} + channel + " channel to " + server.id.value + " (" +
         server.address.value + ")";
}
}  // namespace

NetPeer::NetPeer(std::shared_ptr<NetContext> net, const Server& server)
    : net_(std::move(net)),
      server_(server),
      control_(std::make_shared<NetChannel>(
          net_, NetChannel::Options{.name = name_of("control", server_),
                                    .address = server_.address,
                                    .limit = net_->options.control_limit})),
      append_(std::make_shared<NetChannel>(
          net_, NetChannel::Options{.name = name_of("append", server_),
                                    .address = server_.address,
                                    .limit = net_->options.append_limit})) {}

NetPeer::~NetPeer() {
  control_->cancel();
  append_->cancel();
  for (const auto& snapshot : snapshots_)
    snapshot->cancel("the peer was let go");
}

NetChannel& NetPeer::on(Channel channel) {
  PROA_ASSERT(channel != Channel::snapshot);
  return channel == Channel::control ? *control_ : *append_;
}

bool NetPeer::send(Channel channel, const Request& request, Respond& done) {
  return on(channel).send(request, done);
}

void NetPeer::when_writable(Channel channel, Fn<void()> callback) {
  on(channel).when_writable(std::move(callback));
}

void NetPeer::send_snapshot(const InstallSnapshotRequest& request, std::shared_ptr<BytePipe> state,
                            Respond done) {
  std::erase_if(snapshots_, [](const auto& snapshot) { return snapshot->finished(); });
  if (!snapshots_.empty()) {
    net_->runtime->loop().post([weak = std::weak_ptr(snapshots_.back())] {
      if (const auto before = weak.lock()) before->cancel("a newer snapshot is sent");
    });
  }
  snapshots_.push_back(std::make_shared<SnapshotSend>(
      net_, SnapshotSend::Target{.name = name_of("snapshot", server_), .address = server_.address},
      request, std::move(state), std::move(done)));
  snapshots_.back()->start();
}

}  // namespace proa
