#pragma once

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "proa/testing/sim_streams.hpp"

namespace proa::testing {

/// One direction of a connection. The side that writes it has the same number.
struct SimStreams::Flow {
  std::vector<std::byte> arrived = {};  ///< and not yet read, from `read` on
  std::size_t read = 0;
  std::deque<std::vector<std::byte>> on_the_way = {};
  std::size_t bytes_under_way = 0;  ///< written and not yet read
  Instant last_arrival = {};
  bool stalled = false;      ///< by a cut: what is on the way waits for the healing
  bool has_gap = false;      ///< something was lost: whatever is sent behind breaks the connection
  bool end_sent = false;     ///< the writer has closed
  bool end_arrived = false;  ///< the reader sees the end behind what has arrived
};

/// A connection between two processes, of which either end may be gone.
struct SimStreams::Connection {
  struct End {
    ServerAddress address = {};
    std::shared_ptr<SimRuntime> runtime = {};
    Fn<void()> readable = {};  ///< whoever waits
    Fn<void()> writable = {};
    bool open = true;     ///< its Stream lives
    bool broken = false;  ///< every call fails
  };
  std::array<End, 2> ends = {};
  std::array<Flow, 2> flows = {};             ///< flows[i] is written by ends[i]
  std::array<const Link*, 2> ways = {};       ///< ways[i] is the one that flows[i] takes
  bool dead = false;                          ///< half-open: bytes vanish without a word
  std::shared_ptr<Beginning> beginning = {};  ///< what ends[0] has sent first, if that is kept
};

/// An attempt to connect, until it succeeds, fails or is given up.
struct SimStreams::Dial : std::enable_shared_from_this<Dial> {
  ServerAddress from = {};
  ServerAddress to = {};
  std::shared_ptr<SimRuntime> runtime = {};
  Fn<void(Result<std::unique_ptr<Stream>>)> done = {};
  EventId limit = {};
  bool over = false;

  void finish(Result<std::unique_ptr<Stream>> result);
};

/// One end of a connection, held by a process.
class SimStream final : public Stream {
 public:
  SimStream(SimStreams& streams, std::shared_ptr<SimStreams::Connection> connection,
            std::size_t side)
      : streams_(streams), connection_(std::move(connection)), side_(side) {}
  ~SimStream() override;
  SimStream(const SimStream&) = delete;
  SimStream& operator=(const SimStream&) = delete;

  Result<std::size_t> read_some(std::span<std::byte> buffer) override;
  Result<std::size_t> write_some(std::span<const ByteView> pieces) override;
  void when_readable(Fn<void()> callback) override;
  void when_writable(Fn<void()> callback) override;
  std::string remote() const override;

 private:
  SimStreams::Flow& inbound() const { return connection_->flows[1 - side_]; }
  SimStreams::Flow& outbound() const { return connection_->flows[side_]; }
  SimStreams::Connection::End& end() const { return connection_->ends[side_]; }
  Failure gone(const char* why) const;

  SimStreams& streams_;
  std::shared_ptr<SimStreams::Connection> connection_;
  std::size_t side_;
};

/// The network as one process sees it.
class SimStreamLayer final : public StreamLayer {
 public:
  SimStreamLayer(SimStreams& streams, std::shared_ptr<SimRuntime> runtime, ServerAddress address)
      : streams_(streams), runtime_(std::move(runtime)), address_(std::move(address)) {}
  ~SimStreamLayer() override { stop_listening(); }
  SimStreamLayer(const SimStreamLayer&) = delete;
  SimStreamLayer& operator=(const SimStreamLayer&) = delete;

  Result<void> listen(Fn<void(std::unique_ptr<Stream>)> accepted) override;
  void stop_listening() override;
  ServerAddress local_address() const override { return address_; }
  std::unique_ptr<Dialing> dial(const ServerAddress& address, Duration limit,
                                Fn<void(Result<std::unique_ptr<Stream>>)> done) override;

  const std::shared_ptr<SimRuntime>& runtime() const { return runtime_; }
  void accept(std::unique_ptr<Stream> stream);

 private:
  SimStreams& streams_;
  std::shared_ptr<SimRuntime> runtime_;
  ServerAddress address_;
  /// Shared, so that what is posted to the loop outlives the layer without calling it.
  std::shared_ptr<Fn<void(std::unique_ptr<Stream>)>> accepted_;
};

}  // namespace proa::testing
