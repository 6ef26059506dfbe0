#pragma once

#include <map>
#include <memory>

#include "proa/core/consensus.hpp"
#include "proa/driver/peer_link.hpp"

namespace proa::driver {

/// One link for each server that there was something to tell: made when it is first needed, to
/// where the latest configuration says that the server is. One that has left the configuration is
/// reached where it was until it has answered all it was sent. Threads: the loop.
class PeerLinks {
 public:
  using Made = std::shared_ptr<PeerLink>;

  /// `make` connects to a server.
  explicit PeerLinks(Fn<Made(const Server&)> make) : make_(std::move(make)) {}

  /// nullptr: the configuration does not know it, and it has no link any more.
  PeerLink* to(const core::PeerId& id, const Configuration& latest);
  /// Closes the links to those who have moved, and to those who have left for good and answered.
  void follow(const core::View& view);
  void forget_entries();
  void close_all();
  std::size_t size() const { return links_.size(); }
  std::size_t most_unanswered() const;  ///< requests, on one link

 private:
  Fn<Made(const Server&)> make_;
  std::map<core::PeerId, Made> links_;
  // What follow() has seen.
  std::uint64_t followed_ = 0;  ///< revision of the configurations
  bool some_take_leave_ = false;
};

}  // namespace proa::driver
