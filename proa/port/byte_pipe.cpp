#include "proa/port/byte_pipe.hpp"

#include <utility>

namespace proa {

void BytePipe::wake(Waiting waiting) {
  if (waiting.where != nullptr) waiting.where->post(std::move(waiting.callback));
}

bool BytePipe::try_push(SharedBytes chunk) {
  Waiting consumer;
  const bool taken = state_.with([&](State& state) {
    PROA_ASSERT(!state.end.has_value());
    if (state.stopped.has_value() || state.chunks.size() >= kChunksMax) return false;
    state.chunks.push_back(std::move(chunk));
    consumer = std::exchange(state.consumer, {});
    return true;
  });
  wake(std::move(consumer));
  return taken;
}

void BytePipe::finish(std::optional<Error> error) {
  Waiting producer;  // it is the caller, and may be gone when the next chunk is pulled
  wake(state_.with([&](State& state) {
    if (!state.end.has_value()) state.end = End{std::move(error)};
    producer = std::exchange(state.producer, {});
    return std::exchange(state.consumer, {});
  }));
}

void BytePipe::when_pushable(Executor& where, Fn<void()> callback) {
  Waiting waiting{&where, std::move(callback)};
  wake(state_.with([&](State& state) {
    if (state.chunks.size() < kChunksMax || state.stopped.has_value()) return std::move(waiting);
    state.producer = std::move(waiting);
    return Waiting{};
  }));
}

std::optional<Error> BytePipe::stopped() const {
  return state_.with([](const State& state) { return state.stopped; });
}

BytePipe::Pulled BytePipe::try_pull() {
  Waiting producer;
  Pulled pulled = state_.with([&](State& state) {
    if (state.chunks.empty()) return Pulled{.end = state.end};
    Pulled chunk{.chunk = std::move(state.chunks.front())};
    state.chunks.pop_front();
    producer = std::exchange(state.producer, {});
    return chunk;
  });
  wake(std::move(producer));
  return pulled;
}

void BytePipe::when_pullable(Executor& where, Fn<void()> callback) {
  Waiting waiting{&where, std::move(callback)};
  wake(state_.with([&](State& state) {
    const bool ended = state.end.has_value() || state.stopped.has_value();
    if (!state.chunks.empty() || ended) return std::move(waiting);
    state.consumer = std::move(waiting);
    return Waiting{};
  }));
}

void BytePipe::stop(Error why) {
  Waiting consumer;
  std::deque<SharedBytes> dropped;
  wake(state_.with([&](State& state) {
    if (!state.stopped.has_value()) state.stopped = std::move(why);
    dropped = std::exchange(state.chunks, {});
    consumer = std::exchange(state.consumer, {});
    return std::exchange(state.producer, {});
  }));
  wake(std::move(consumer));
}

}  // namespace proa
