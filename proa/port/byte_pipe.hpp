#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "proa/base/bytes.hpp"
#include "proa/base/error.hpp"
#include "proa/base/fn.hpp"
#include "proa/base/guarded.hpp"
#include "proa/port/runtime.hpp"

namespace proa {

/// Moves a stream between the loop and a lane: one producer, one consumer, at most kChunksMax
/// chunks in between, and neither side ever blocks. Whoever goes ends the pipe from its side first,
/// with finish or stop, which also forgets what it waits for. Threads: one for each side; stop from
/// any that knows the consumer's executor to live.
class BytePipe {
 public:
  static constexpr std::size_t kChunksMax = 4;
  static constexpr std::size_t kChunkBytes = std::size_t{256} << 10;

  struct End {
    std::optional<Error> error = {};  ///< nothing: the stream is complete
  };
  struct Pulled {
    SharedBytes chunk = {};       ///< absent if nothing was there
    std::optional<End> end = {};  ///< set once all chunks are pulled and the producer has ended
  };

  // The producer's side.
  bool try_push(SharedBytes chunk);         ///< false: full, or the consumer has stopped
  void finish(std::optional<Error> error);  ///< nothing follows; the first call counts
  void when_pushable(Executor& where, Fn<void()> callback);  ///< once; also when the consumer stops
  std::optional<Error> stopped() const;                      ///< why the consumer takes no more

  // The consumer's side.
  Pulled try_pull();
  void when_pullable(Executor& where, Fn<void()> callback);  ///< once; also at the end, or stopped
  /// Takes no more; what is inside is dropped. A consumer that waits is called once more.
  void stop(Error why);

 private:
  struct Waiting {
    Executor* where = nullptr;
    Fn<void()> callback = {};
  };
  struct State {
    std::deque<SharedBytes> chunks = {};
    std::optional<End> end = {};
    std::optional<Error> stopped = {};
    Waiting producer = {};
    Waiting consumer = {};
  };
  static void wake(Waiting waiting);

  Guarded<State> state_;
};

}  // namespace proa
