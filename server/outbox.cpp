#include "server/detail/outbox.hpp"

#include <utility>

namespace proa::server {

namespace {
constexpr std::size_t kCopiedBytesMax = std::size_t{16} << 10;
}  // namespace

void Outbox::add(const kv::Reply& reply, resp::Protocol protocol) {
  if (const auto* const value = std::get_if<SharedBytes>(&reply))
    return add_value(*value, protocol);
  resp::ReplyWriter writer{protocol, text_};
  if (const auto* const replies = std::get_if<kv::Replies>(&reply)) {
    writer.array(replies->all.size());
    for (const kv::StepReply& step : replies->all)
      add(kv::reply_of(step), protocol);  // which shares its values
    return;
  }
  const auto* const values = std::get_if<kv::Values>(&reply);
  if (values == nullptr) return writer.reply(reply);
  writer.array(values->size());
  for (const auto& value : *values)
    value ? add_value(*value, protocol) : writer.nil();
}

void Outbox::add_value(const SharedBytes& value, resp::Protocol protocol) {
  if (value.size() <= kCopiedBytesMax) {
    return resp::ReplyWriter{protocol, text_}.bulk(text_of(value));
  }
  text_ += "$" + std::to_string(value.size()) + "\r\n";
  close_text();
  queue_.push(value);
  text_ += "\r\n";
}

void Outbox::close_text() {
  if (text_.empty()) return;
  queue_.push(SharedBytes::take(std::exchange(text_, {})));
}

Result<void> Outbox::write_to(Stream& stream) {
  close_text();
  return queue_.write_to(stream);
}

}  // namespace proa::server
