#pragma once

#include <memory>

#include "proa/base/logger.hpp"
#include "proa/port/runtime.hpp"
#include "proa/port/stream_layer.hpp"

namespace proa {

struct SplitOptions {
  std::size_t undecided_max = 64;  ///< connections without a first byte; the oldest gives way
  Duration first_byte_limit = std::chrono::seconds{10};
  std::shared_ptr<Logger> logger = std::make_shared<NullLogger>();
};

/// One port for two protocols: what begins with the first byte of Proa's own (call_frames.hpp)
/// goes to calls(), all else to raft(). A connection for which nobody listens is closed. Both
/// layers dial through the port they share and keep it alive. Threads: the loop.
class SplitStreams {
 public:
  SplitStreams(std::shared_ptr<Runtime> runtime, std::shared_ptr<StreamLayer> port,
               SplitOptions options = {});

  std::shared_ptr<StreamLayer> raft() const;
  std::shared_ptr<StreamLayer> calls() const;

 private:
  struct Inner;
  std::shared_ptr<Inner> inner_;
};

}  // namespace proa
