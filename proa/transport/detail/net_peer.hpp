#pragma once

#include <memory>
#include <vector>

#include "proa/port/transport.hpp"
#include "proa/transport/detail/net_channel.hpp"
#include "proa/transport/detail/snapshot_send.hpp"

namespace proa {

/// The connections to one other server. Threads: the loop.
class NetPeer final : public Peer {
 public:
  NetPeer(std::shared_ptr<NetContext> net, const Server& server);
  ~NetPeer() override;
  NetPeer(const NetPeer&) = delete;
  NetPeer& operator=(const NetPeer&) = delete;

  bool send(Channel channel, const Request& request, Respond& done) override;
  void when_writable(Channel channel, Fn<void()> callback) override;
  /// Ends the one before, if that is still on its way.
  void send_snapshot(const InstallSnapshotRequest& request, std::shared_ptr<BytePipe> state,
                     Respond done) override;

 private:
  NetChannel& on(Channel channel);

  std::shared_ptr<NetContext> net_;
  Server server_;
  std::shared_ptr<NetChannel> control_;
  std::shared_ptr<NetChannel> append_;
  std::vector<std::shared_ptr<SnapshotSend>> snapshots_ = {};  ///< all but the last are superseded
};

}  // namespace proa
