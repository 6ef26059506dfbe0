#pragma once

#include <map>
#include <utility>

#include "proa/testing/sim_network.hpp"
#include "proa/testing/sim_streams.hpp"

namespace proa::testing {

/// Which links between servers are cut, on both kinds of wire. There are two hands: `cut` and
/// `heal_all` for whoever cuts with a plot, `block` and `unblock` for faults that come and go
/// beside it. Neither hand opens what the other one has closed. Threads: one.
class LinkCuts {
 public:
  LinkCuts(SimNetwork& network, SimStreams& streams) : network_(network), streams_(streams) {}

  void cut(const ServerAddress& from, const ServerAddress& to, CutMode mode);
  void heal_all();  ///< what was cut; what is blocked is open for a moment, and blocked again

  void block(const ServerAddress& from, const ServerAddress& to, CutMode mode);
  void unblock(const ServerAddress& from, const ServerAddress& to);
  void unblock_all();

  bool touches(const ServerAddress& server) const;    ///< a way to or from it is closed
  std::uint64_t changes() const { return changes_; }  ///< grows whenever that may differ

 private:
  using Way = std::pair<ServerAddress, ServerAddress>;

  void close(const Way& way, CutMode mode);
  void open(const Way& way);

  SimNetwork& network_;
  SimStreams& streams_;
  std::map<Way, CutMode> cut_;
  std::map<Way, CutMode> blocked_;
  std::uint64_t changes_ = 0;
};

}  // namespace proa::testing
