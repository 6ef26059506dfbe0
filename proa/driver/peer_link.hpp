#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>

#include "proa/core/effects.hpp"
#include "proa/driver/snapshot_sender.hpp"
#include "proa/driver/tail.hpp"
#include "proa/port/log_store.hpp"
#include "proa/port/transport.hpp"

namespace proa::driver {

/// Takes in what happened. Threads: the loop.
class Stepper {
 public:
  virtual ~Stepper() = default;
  virtual void step(const core::Input& input) = 0;
  /// There is more to send: the effects are to be taken again.
  virtual void want_turn() = 0;
  virtual void on_read_failed(Error error) = 0;  ///< of our own log: the node cannot go on
  virtual void on_no_snapshot() = 0;             ///< that a peer needs can be read
};

struct PeerLinkParts {
  std::shared_ptr<Runtime> runtime = {};
  std::shared_ptr<LogStore> logs = {};
  std::shared_ptr<SnapshotStore> snapshots = {};
  std::shared_ptr<Logger> logger = {};
  Sender self = {};
  std::size_t append_entries_max = 1024;
  std::size_t append_bytes_max = std::size_t{1} << 20;
};

/// What this server sends to one other, and what it remembers of it until the reply comes. Entries
/// come from the tail, or are read from the log on the reader lane if the peer lags behind it.
/// Threads: the loop.
class PeerLink : public std::enable_shared_from_this<PeerLink> {
 public:
  /// Bursts of entries on their way to a peer that does not keep up. What it misses meanwhile
  /// reaches it together.
  static constexpr std::size_t kBurstsMax = 2;

  struct Surroundings {
    const Tail& tail;
    LaneExecutor& reader;
    LaneExecutor& snapshot;
    Stepper& stepper;
  };
  /// All of these must outlive the link.
  PeerLink(PeerLinkParts parts, Surroundings around, const Server& server,
           std::unique_ptr<Peer> peer);

  const ServerAddress& address() const { return address_; }
  void send(core::SendRequest request);
  void append(const core::SendEntries& entries);
  void send_snapshot(const core::SendSnapshot& snapshot);
  /// We lead no more: what waits is not sent, and a snapshot under way is given up.
  void forget_entries() { held_.reset(), wanted_.reset(), snapshot_.reset(); }
  /// Nothing that was sent waits for its reply, and nothing is being read for it.
  bool is_idle() const;
  std::size_t unanswered() const;  ///< requests; a snapshot is none
  /// Closes the connections; steps a failure for everything that has no reply yet.
  void close();

 private:
  struct Outstanding {
    core::Sent what = {};
    bool ends_burst = false;
  };
  bool transmit(Channel channel, const Request& request, Outstanding outstanding);
  void replied(Channel channel, Result<Reply> reply);
  void step_reply(const core::Sent& what, Reply reply);
  void step_failure(const core::Sent& what);
  void burst_ended();
  void send_burst(const core::SendEntries& entries, EntryView view);
  bool transmit_append(const core::SendEntries& entries, LogPosition previous_entry,
                       const EntryView& part, LogPosition last);
  void read(const core::SendEntries& entries);
  void have_read(const core::SendEntries& entries, Result<EntryView> view);
  void hold(core::Generation generation);
  void release();
  std::deque<Outstanding>& on(Channel channel) {
    return outstanding_[static_cast<std::size_t>(channel)];
  }

  PeerLinkParts parts_;
  Surroundings around_;
  ServerId id_;
  ServerAddress address_;
  std::unique_ptr<Peer> peer_;
  std::shared_ptr<SnapshotSender> snapshot_;  ///< under way
  std::array<std::deque<Outstanding>, 3> outstanding_;
  std::size_t bursts_ = 0;
  std::optional<core::Generation> held_;    ///< waits for room
  std::optional<core::Generation> wanted_;  ///< what the reader lane reads for
  bool asked_for_room_ = false;
};

}  // namespace proa::driver
