#include "server/resp/reply_writer.hpp"

#include <charconv>

namespace proa::resp {
namespace {

constexpr std::string_view kEnd = "\r\n";

template <class Number>
void append_number(std::string& into, Number value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  into.append(digits, static_cast<std::size_t>(end - digits));
}

}  // namespace

void ReplyWriter::head(char type, std::uint64_t number) {
  into_ += type;
  append_number(into_, number);
  into_ += kEnd;
}

void ReplyWriter::simple(std::string_view text) {
  into_ += '+';
  into_ += text;
  into_ += kEnd;
}

void ReplyWriter::error(std::string_view text) {
  into_ += '-';
  for (const char c : text)
    into_ += c == '\r' || c == '\n' ? ' ' : c;
  into_ += kEnd;
}

void ReplyWriter::integer(std::int64_t value) {
  into_ += ':';
  append_number(into_, value);
  into_ += kEnd;
}

void ReplyWriter::bulk(std::string_view value) {
  head('$', value.size());
  into_ += value;
  into_ += kEnd;
}

void ReplyWriter::nil() { into_ += protocol_ == Protocol::resp3 ? "_\r\n" : "$-1\r\n"; }

void ReplyWriter::array(std::size_t count) { head('*', count); }

void ReplyWriter::map(std::size_t count) {
  protocol_ == Protocol::resp3 ? head('%', count) : head('*', 2 * count);
}

void ReplyWriter::set(std::size_t count) { head(protocol_ == Protocol::resp3 ? '~' : '*', count); }

void ReplyWriter::verbatim(std::string_view text) {
  if (protocol_ == Protocol::resp2) return bulk(text);
  head('=', text.size() + 4);
  into_ += "txt:";
  into_ += text;
  into_ += kEnd;
}

void ReplyWriter::reply(const kv::Reply& reply) {
  struct Visitor {
    ReplyWriter& writer;
    void operator()(const kv::Ok&) { writer.simple("OK"); }
    void operator()(const kv::Nil&) { writer.nil(); }
    void operator()(std::int64_t value) { writer.integer(value); }
    void operator()(const SharedBytes& value) { writer.bulk(text_of(value)); }
    void operator()(const kv::Values& values) {
      writer.array(values.size());
      for (const auto& value : values)
        value ? writer.bulk(text_of(*value)) : writer.nil();
    }
    void operator()(const kv::Refusal& refusal) { writer.error(refusal.text); }
    void operator()(const kv::Replies& replies) {
      writer.array(replies.all.size());
      for (const kv::StepReply& step : replies.all)
        std::visit(*this, step);
    }
  };
  std::visit(Visitor{*this}, reply);
}

}  // namespace proa::resp
