#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "proa/port/runtime.hpp"
#include "proa/port/stream_layer.hpp"
#include "proa/transport/call_options.hpp"

namespace proa {

class CallInbound;

/// To be called exactly once, inside the handler or later, in any order among calls. Once the
/// connection is gone it does nothing.
using CallRespond = Fn<void(Result<SharedBytes>)>;

/// Answers calls of Proa's own protocol (call_frames.hpp). Malformed bytes end their connection,
/// with a log line, and nothing else. Threads: the loop, but for the destructor (not on a lane).
class CallServer {
 public:
  /// Who calls, as its hello says, and the body of the call.
  using Handler = Fn<void(const CallHello& caller, SharedBytes body, CallRespond respond)>;

  CallServer(std::shared_ptr<Runtime> runtime, std::shared_ptr<StreamLayer> streams,
             CallOptions options);
  ~CallServer();  ///< as stop()
  CallServer(const CallServer&) = delete;
  CallServer& operator=(const CallServer&) = delete;

  /// Sets what answers a kind of call, or replaces it; may be done while calls come in.
  void on(std::uint8_t kind, Handler handler);
  Result<void> start();
  void stop();  ///< closes every connection; open responds do nothing from now on

 private:
  friend class CallInbound;
  struct Inner;
  void accept(std::unique_ptr<Stream> stream);

  std::shared_ptr<Inner> inner_;
  std::shared_ptr<StreamLayer> streams_;
  std::map<std::uint64_t, std::shared_ptr<CallInbound>> inbound_ = {};  ///< by order of arrival
  std::uint64_t accepted_ = 0;
  bool listens_ = false;
};

}  // namespace proa
