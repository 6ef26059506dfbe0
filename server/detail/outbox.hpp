#pragma once

#include <cstddef>
#include <string>

#include "proa/port/stream_layer.hpp"
#include "proa/transport/detail/send_queue.hpp"
#include "server/resp/reply_writer.hpp"

namespace proa::server {

/// Answers on their way to a client. Large values are not copied. Threads: the loop.
class Outbox {
 public:
  void add(std::string_view encoded) { text_ += encoded; }
  void add(const kv::Reply& reply, resp::Protocol protocol);

  bool empty() const { return text_.empty() && queue_.empty(); }
  std::size_t bytes() const { return text_.size() + queue_.bytes(); }
  /// Hands over as much as the stream takes now.
  Result<void> write_to(Stream& stream);

 private:
  void add_value(const SharedBytes& value, resp::Protocol protocol);
  void close_text();

  std::string text_ = {};  ///< behind everything in queue_
  SendQueue queue_ = {};
};

}  // namespace proa::server
