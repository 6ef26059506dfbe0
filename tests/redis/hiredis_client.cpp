#include <hiredis/hiredis.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

// Pipelines through hiredis, for real_clients_test.py: hiredis_client PORT. Ends with 1 and a line
// at the first answer that is not the one expected.

namespace {

constexpr int kPipelined = 2000;

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

[[noreturn]] void end_with(const std::string& what) {
  std::fprintf(stderr, "hiredis_client: %s\n", what.c_str());
  std::exit(1);
}

Reply next_reply(redisContext* context) {
  void* reply = nullptr;
  if (redisGetReply(context, &reply) != REDIS_OK) end_with(context->errstr);
  return Reply{static_cast<redisReply*>(reply)};
}

void expect_integer(const Reply& reply, long long value) {
  if (reply->type == REDIS_REPLY_INTEGER && reply->integer == value) return;
  end_with("expected " + std::to_string(value) + ", got " +
           (reply->str != nullptr ? reply->str : std::to_string(reply->integer)));
}

void expect_text(const Reply& reply, const std::string& text) {
  if (reply->str != nullptr && std::string{reply->str, reply->len} == text) return;
  end_with("expected '" + text + "', got " + (reply->str != nullptr ? reply->str : "no text"));
}

void pipeline_increments(redisContext* context) {
  redisAppendCommand(context, "DEL hiredis");
  for (int i = 0; i < kPipelined; ++i)
    redisAppendCommand(context, "INCR hiredis");
  next_reply(context);
  for (int i = 1; i <= kPipelined; ++i)
    expect_integer(next_reply(context), i);
}

void write_and_read_bytes(redisContext* context) {
  const std::string bytes{"\0\r\n*1\xff", 6};
  redisAppendCommand(context, "SET hiredis %b", bytes.data(), bytes.size());
  redisAppendCommand(context, "GET hiredis");
  expect_text(next_reply(context), "OK");
  expect_text(next_reply(context), bytes);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) end_with("usage: hiredis_client PORT");
  const auto port = static_cast<int>(std::strtol(argv[1], nullptr, 10));
  redisContext* const context = redisConnect("127.0.0.1", port);
  if (context == nullptr || context->err != 0) end_with("no connection");
  pipeline_increments(context);
  write_and_read_bytes(context);
  redisFree(context);
  return 0;
}
