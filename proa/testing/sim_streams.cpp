#include "proa/testing/sim_streams.hpp"

#include <algorithm>
#include <utility>

#include "proa/testing/detail/sim_stream.hpp"

namespace proa::testing {
namespace {

constexpr std::uint32_t kStreamTag = 0x5000000;
constexpr std::uint32_t kDialTag = 0x6000000;
constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr std::size_t kBuffersMax = 64;

}  // namespace

SimStreams::SimStreams(Scheduler& scheduler, SimStreamOptions options, Choices choices)
    : scheduler_(scheduler), options_(options), random_(std::move(choices)) {}

SimStreams::~SimStreams() = default;

std::unique_ptr<StreamLayer> SimStreams::layer(std::shared_ptr<SimRuntime> runtime,
                                               ServerAddress address) {
  return std::make_unique<SimStreamLayer>(*this, std::move(runtime), std::move(address));
}

Duration SimStreams::draw_delay() {
  random_.begin("delay");
  const bool stall = random_.permille(options_.stall_permille);
  const Duration most = stall ? options_.stall_max : options_.delay_max;
  const auto low = static_cast<std::uint64_t>(options_.delay_min.count());
  return Duration{static_cast<std::int64_t>(
      random_.between(low, std::max(low, static_cast<std::uint64_t>(most.count()))))};
}

void SimStreams::Dial::finish(Result<std::unique_ptr<Stream>> result) {
  if (std::exchange(over, true)) return;
  // Whoever gives up before the loop comes to it empties `done`.
  runtime->loop().post([dial = shared_from_this(), result = std::move(result)]() mutable {
    if (dial->done) std::exchange(dial->done, nullptr)(std::move(result));
  });
}

void SimStreams::begin_dial(const std::shared_ptr<Dial>& dial, Duration limit) {
  dial->limit = scheduler_.after(limit, kDialTag, [dial, limit] {
    dial->finish(fail(Errc::peer_unreachable,
                      dial->to.value + ": no connection within " + to_string(limit)));
  });
  scheduler_.after(draw_delay(), kDialTag, [this, dial] { try_dial(dial); });
}

/// The request to connect has arrived, unless the link is cut: then it waits to be repeated.
void SimStreams::try_dial(const std::shared_ptr<Dial>& dial) {
  if (dial->over) return;
  if (link(dial->from, dial->to).stops_all() || link(dial->to, dial->from).stops_all()) {
    waiting_dials_.push_back(dial);
    return;
  }
  const auto listening = listening_.find(dial->to);
  if (listening == listening_.end() || listening->second->runtime()->ended()) {
    scheduler_.after(draw_delay(), kDialTag, [this, dial] {
      scheduler_.cancel(dial->limit);
      dial->finish(fail(Errc::peer_unreachable, dial->to.value + ": connection refused"));
    });
    return;
  }
  establish(dial, *listening->second);
}

void SimStreams::establish(const std::shared_ptr<Dial>& dial, SimStreamLayer& at) {
  const std::shared_ptr<Connection> connection = open(dial->from, dial->to, at);
  connection->ends[0].runtime = dial->runtime;
  connection->beginning = new_beginning(dial->from, dial->to);
  scheduler_.after(draw_delay(), kDialTag, [this, dial, connection] {
    scheduler_.cancel(dial->limit);
    dial->finish(std::make_unique<SimStream>(*this, connection, 0));
  });
}

/// Its first end has no process yet.
std::shared_ptr<SimStreams::Connection> SimStreams::open(const ServerAddress& from,
                                                         const ServerAddress& to,
                                                         SimStreamLayer& at) {
  auto connection = std::make_shared<Connection>();
  connection->ends[0].address = from;
  connection->ends[1].address = to;
  connection->ends[1].runtime = at.runtime();
  connection->ways = {&link(from, to), &link(to, from)};
  std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
  connections_.push_back(connection);
  at.accept(std::make_unique<SimStream>(*this, connection, 1));
  return connection;
}

/// Nothing, if beginnings are not kept.
std::shared_ptr<SimStreams::Beginning> SimStreams::new_beginning(const ServerAddress& from,
                                                                 const ServerAddress& to) {
  if (!keeps_beginnings_) return nullptr;
  if (beginnings_.size() == kBeginningsMax) beginnings_.pop_front();
  beginnings_.push_back(
      std::make_shared<Beginning>(Beginning{.from = from, .to = to, .at = scheduler_.now()}));
  return beginnings_.back();
}

bool SimStreams::begin_again(const Beginning& beginning, Duration lasts) {
  const auto listening = listening_.find(beginning.to);
  if (listening == listening_.end() || listening->second->runtime()->ended()) return false;
  const std::shared_ptr<Connection> connection =
      open(beginning.from, beginning.to, *listening->second);
  send(connection, 0, beginning.bytes);
  scheduler_.after(lasts, kStreamTag, [this, connection] {
    connection->ends[0].open = false;
    end(connection, 0);
  });
  return true;
}

void SimStreams::send(const std::shared_ptr<Connection>& connection, std::size_t side,
                      std::vector<std::byte> bytes) {
  Flow& flow = connection->flows[side];
  flow.bytes_under_way += bytes.size();
  if (side == 0 && connection->beginning != nullptr) {
    std::vector<std::byte>& kept = connection->beginning->bytes;
    const std::size_t room = kBeginningBytesMax - kept.size();
    const ByteView first = ByteView{bytes}.first(std::min(bytes.size(), room));
    kept.insert(kept.end(), first.begin(), first.end());
  }
  const Link& way = *connection->ways[side];
  if (way.is_cut && way.mode == StreamCut::half_open) connection->dead = true;
  if (connection->dead) {
    if (!way.is_cut) break_later(connection);  // the other machine knows of no such connection
    return;
  }
  if (lose_reply(connection, side, way)) return;
  random_.begin("reset");
  const bool reset = random_.permille(options_.reset_permille);
  if (reset || (way.is_cut && way.mode == StreamCut::reset)) {
    connection->dead = true;  // nothing behind the lost bytes may arrive before it breaks
    return break_later(connection);
  }
  flow.on_the_way.push_back(std::move(bytes));
  if (way.stops_all()) {
    flow.stalled = true;
    return;
  }
  arrive_later(connection, side);
}

std::vector<std::byte> SimStreams::take_buffer(std::size_t bytes) {
  std::vector<std::byte> buffer;
  if (!buffers_.empty()) {
    buffer = std::move(buffers_.back());
    buffers_.pop_back();
  }
  buffer.reserve(bytes);
  return buffer;
}

void SimStreams::give_back(std::vector<std::byte> buffer) {
  if (buffer.capacity() == 0 || buffers_.size() >= kBuffersMax) return;
  buffer.clear();
  buffers_.push_back(std::move(buffer));
}

/// Bytes that are lost leave a gap, behind which nothing may arrive: the connection breaks there.
bool SimStreams::lose_reply(const std::shared_ptr<Connection>& connection, std::size_t side,
                            const Link& way) {
  Flow& flow = connection->flows[side];
  const bool loses = side == 1 && way.is_cut && way.mode == StreamCut::replies;
  if (loses) {
    ++replies_lost_;
    flow.has_gap = true;
    return true;
  }
  if (!flow.has_gap) return false;
  connection->dead = true;
  break_later(connection);
  return true;
}

void SimStreams::arrive_later(const std::shared_ptr<Connection>& connection, std::size_t side) {
  Flow& flow = connection->flows[side];
  Instant due = std::max(flow.last_arrival, scheduler_.now() + draw_delay());
  if (options_.bytes_per_second > 0 && !flow.on_the_way.empty()) {
    const auto bytes = static_cast<std::int64_t>(flow.on_the_way.back().size());
    due = due + Duration{bytes * kNanosecondsPerSecond /
                         static_cast<std::int64_t>(options_.bytes_per_second)};
  }
  flow.last_arrival = due;
  scheduler_.at(due, kStreamTag, [this, connection, side] { arrive(connection, side); });
}

/// The oldest piece that is on its way, or the end if there is none.
void SimStreams::arrive(const std::shared_ptr<Connection>& connection, std::size_t side) {
  Flow& flow = connection->flows[side];
  if (connection->dead || flow.stalled || connection->ends[1 - side].broken) return;
  if (!flow.on_the_way.empty()) {
    std::vector<std::byte> bytes = std::move(flow.on_the_way.front());
    flow.on_the_way.pop_front();
    if (!connection->ends[1 - side].open) return break_later(connection);
    if (flow.arrived.empty()) {
      std::swap(flow.arrived, bytes);
    } else {
      flow.arrived.insert(flow.arrived.end(), bytes.begin(), bytes.end());
    }
    give_back(std::move(bytes));
  } else if (flow.end_sent) {
    flow.end_arrived = true;
  }
  wake_reader(connection, 1 - side);
}

/// The stream of this side is gone; the other side sees the end behind what was sent before.
void SimStreams::end(const std::shared_ptr<Connection>& connection, std::size_t side) {
  Flow& flow = connection->flows[side];
  if (connection->dead || std::exchange(flow.end_sent, true)) return;
  const Link& way = *connection->ways[side];
  if (lose_reply(connection, side, way)) return;
  if (way.stops_all()) {
    flow.stalled = true;
    return;
  }
  arrive_later(connection, side);
}

void SimStreams::break_later(const std::shared_ptr<Connection>& connection) {
  scheduler_.after(draw_delay(), kStreamTag, [connection] {
    for (std::size_t side = 0; side < 2; ++side) {
      connection->ends[side].broken = true;
      wake_reader(connection, side);
      wake_writer(connection, side);
    }
  });
}

void SimStreams::wake_reader(const std::shared_ptr<Connection>& connection, std::size_t side) {
  Connection::End& end = connection->ends[side];
  if (!end.readable) return;
  end.runtime->loop().post([connection, side] {
    Connection::End& at = connection->ends[side];
    if (!at.open || !at.readable) return;
    std::exchange(at.readable, nullptr)();
  });
}

void SimStreams::wake_writer(const std::shared_ptr<Connection>& connection, std::size_t side) {
  Connection::End& end = connection->ends[side];
  if (!end.writable) return;
  end.runtime->loop().post([connection, side] {
    Connection::End& at = connection->ends[side];
    if (!at.open || !at.writable) return;
    std::exchange(at.writable, nullptr)();
  });
}

void SimStreams::vanish(const ServerAddress& address) {
  for (const auto& weak : connections_) {
    const auto connection = weak.lock();
    if (connection == nullptr) continue;
    if (connection->ends[0].address == address || connection->ends[1].address == address) {
      connection->dead = true;
    }
  }
}

void SimStreams::cut(const ServerAddress& from, const ServerAddress& to, StreamCut mode) {
  link(from, to) = {.is_cut = true, .mode = mode};
}

void SimStreams::heal(const ServerAddress& from, const ServerAddress& to) {
  link(from, to).is_cut = false;
  for (const auto& weak : connections_) {
    const auto connection = weak.lock();
    if (connection == nullptr) continue;
    for (std::size_t side = 0; side < 2; ++side) {
      if (connection->ends[side].address == from && connection->ends[1 - side].address == to) {
        resume(connection, side);
      }
    }
  }
  for (auto& dial : std::exchange(waiting_dials_, {})) {
    scheduler_.after(draw_delay(), kDialTag, [this, dial] { try_dial(dial); });
  }
}

/// What was on its way when the link was cut arrives, one piece after the other.
void SimStreams::resume(const std::shared_ptr<Connection>& connection, std::size_t side) {
  Flow& flow = connection->flows[side];
  if (!std::exchange(flow.stalled, false)) return;
  const std::size_t pieces = flow.on_the_way.size() + (flow.end_sent ? 1 : 0);
  for (std::size_t i = 0; i < pieces; ++i)
    arrive_later(connection, side);
}

void SimStreams::heal_all() {
  for (const auto& [key, way] : links_) {
    if (way.is_cut) heal(key.first, key.second);
  }
}

}  // namespace proa::testing
