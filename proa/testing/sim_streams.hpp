#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "proa/port/stream_layer.hpp"
#include "proa/testing/sim_runtime.hpp"

namespace proa::testing {

struct SimStreamOptions {
  Duration delay_min = std::chrono::microseconds{20};
  Duration delay_max = std::chrono::microseconds{500};
  std::uint64_t stall_permille = 0;  ///< chance that what is written takes up to stall_max
  Duration stall_max = std::chrono::milliseconds{300};
  std::uint64_t reset_permille = 0;       ///< chance that a write breaks the connection
  std::uint64_t bytes_per_second = 0;     ///< of a connection, each way; 0: no limit
  std::size_t window_bytes = 64 << 10;    ///< written and not yet read
  std::uint64_t short_write_percent = 0;  ///< of the writes take a part only
  std::uint64_t short_read_percent = 0;   ///< of the reads give a part only
};

/// What becomes of connections over a link that is cut.
enum class StreamCut : std::uint8_t {
  stall,      ///< bytes arrive when the link is healed
  half_open,  ///< bytes are gone; nobody is told before something is written after the healing
  reset,      ///< the next write breaks the connection
  replies,    ///< what the side that was dialled writes is gone; the next after that breaks it
};

class SimStream;
class SimStreamLayer;

/// A network of byte streams between simulated processes: bytes arrive late, in pieces, in order,
/// or the connection stalls, breaks, or is dead without a word. Outlives its layers. Threads: one.
class SimStreams {
 public:
  SimStreams(Scheduler& scheduler, SimStreamOptions options, Choices choices);
  ~SimStreams();
  SimStreams(const SimStreams&) = delete;
  SimStreams& operator=(const SimStreams&) = delete;

  /// What a process uses that is reached at `address`. Its end closes its connections.
  std::unique_ptr<StreamLayer> layer(std::shared_ptr<SimRuntime> runtime, ServerAddress address);
  /// The machine loses power: nobody is told that its connections are gone.
  void vanish(const ServerAddress& address);

  void cut(const ServerAddress& from, const ServerAddress& to, StreamCut mode);
  void heal(const ServerAddress& from, const ServerAddress& to);
  void heal_all();
  SimStreamOptions& options() { return options_; }
  std::uint64_t replies_lost() const { return replies_lost_; }  ///< writes, by StreamCut::replies

  /// What whoever dialled has sent first over a connection.
  struct Beginning {
    ServerAddress from = {};
    ServerAddress to = {};
    Instant at = {};
    std::vector<std::byte> bytes = {};
  };
  static constexpr std::size_t kBeginningsMax = 64;
  static constexpr std::size_t kBeginningBytesMax = 16 << 10;
  /// From now on the beginnings of the newest connections are kept, so many.
  void keep_beginnings() { keeps_beginnings_ = true; }
  const std::deque<std::shared_ptr<Beginning>>& beginnings() const { return beginnings_; }
  /// The same bytes reach the same server over a connection of their own, which is answered to
  /// nobody and closed after `lasts`: a duplicate that was under way for long. False: nobody
  /// listens there.
  bool begin_again(const Beginning& beginning, Duration lasts);

 private:
  friend class SimStream;
  friend class SimStreamLayer;
  struct Connection;
  struct Flow;
  struct Dial;
  struct Link {
    bool is_cut = false;
    StreamCut mode = StreamCut::stall;
    bool stops_all() const { return is_cut && mode != StreamCut::replies; }
  };

  Link& link(const ServerAddress& from, const ServerAddress& to) { return links_[{from, to}]; }
  void begin_dial(const std::shared_ptr<Dial>& dial, Duration limit);
  void try_dial(const std::shared_ptr<Dial>& dial);
  void establish(const std::shared_ptr<Dial>& dial, SimStreamLayer& at);
  std::shared_ptr<Connection> open(const ServerAddress& from, const ServerAddress& to,
                                   SimStreamLayer& at);
  std::shared_ptr<Beginning> new_beginning(const ServerAddress& from, const ServerAddress& to);
  void send(const std::shared_ptr<Connection>& connection, std::size_t side,
            std::vector<std::byte> bytes);
  bool lose_reply(const std::shared_ptr<Connection>& connection, std::size_t side, const Link& way);
  void arrive_later(const std::shared_ptr<Connection>& connection, std::size_t side);
  void arrive(const std::shared_ptr<Connection>& connection, std::size_t side);
  void end(const std::shared_ptr<Connection>& connection, std::size_t side);
  void resume(const std::shared_ptr<Connection>& connection, std::size_t side);
  void break_later(const std::shared_ptr<Connection>& connection);
  std::vector<std::byte> take_buffer(std::size_t bytes);
  void give_back(std::vector<std::byte> buffer);
  static void wake_reader(const std::shared_ptr<Connection>& connection, std::size_t side);
  static void wake_writer(const std::shared_ptr<Connection>& connection, std::size_t side);
  Duration draw_delay();

  Scheduler& scheduler_;
  SimStreamOptions options_;
  Choices random_;
  std::map<ServerAddress, SimStreamLayer*> listening_;
  std::map<std::pair<ServerAddress, ServerAddress>, Link> links_;  ///< connections point to them
  std::vector<std::weak_ptr<Connection>> connections_;
  std::vector<std::shared_ptr<Dial>> waiting_dials_;  ///< for a link to be healed
  std::uint64_t replies_lost_ = 0;
  bool keeps_beginnings_ = false;
  std::deque<std::shared_ptr<Beginning>> beginnings_;  ///< the oldest first
  std::vector<std::vector<std::byte>> buffers_;        ///< empty ones, for what is written next
};

}  // namespace proa::testing
