#include <gtest/gtest.h>

#include <string>

#include "server/resp/reply_parser.hpp"
#include "server/resp/reply_writer.hpp"

namespace proa::resp {
namespace {

std::string written(Protocol protocol, const kv::Reply& reply) {
  std::string text;
  ReplyWriter{protocol, text}.reply(reply);
  return text;
}

ClientReply read_back(const std::string& text) {
  const auto parsed = parse_reply(text);
  PROA_ASSERT(parsed.has_value());
  PROA_ASSERT(parsed->has_value());
  PROA_ASSERT((*parsed)->bytes == text.size());
  return (*parsed)->reply;
}

TEST(ReplyWriter, WritesTheStoresRepliesInBothProtocols) {
  for (const Protocol protocol : {Protocol::resp2, Protocol::resp3}) {
    EXPECT_EQ(written(protocol, kv::Ok{}), "+OK\r\n");
    EXPECT_EQ(written(protocol, std::int64_t{-5}), ":-5\r\n");
    EXPECT_EQ(written(protocol, SharedBytes::copy_of("a\r\nb")), "$4\r\na\r\nb\r\n");
    EXPECT_EQ(written(protocol, kv::Refusal{"ERR one\nline"}), "-ERR one line\r\n");
  }
  EXPECT_EQ(written(Protocol::resp2, kv::Nil{}), "$-1\r\n");
  EXPECT_EQ(written(Protocol::resp3, kv::Nil{}), "_\r\n");
  const kv::Values values = {SharedBytes::copy_of(""), std::nullopt};
  EXPECT_EQ(written(Protocol::resp2, values), "*2\r\n$0\r\n\r\n$-1\r\n");
}

TEST(ReplyWriter, WritesMapsAsArraysWhereThereAreNone) {
  std::string text;
  ReplyWriter old{Protocol::resp2, text};
  old.map(2);
  old.set(1);
  old.verbatim("a");
  EXPECT_EQ(text, "*4\r\n*1\r\n$1\r\na\r\n");
  text.clear();
  ReplyWriter fresh{Protocol::resp3, text};
  fresh.map(2);
  fresh.set(1);
  fresh.verbatim("a");
  EXPECT_EQ(text, "%2\r\n~1\r\n=5\r\ntxt:a\r\n");
}

TEST(ReplyParser, ReadsWhatServersSend) {
  EXPECT_EQ(read_back("+OK\r\n"), (ClientReply{.type = ReplyType::simple, .text = "OK"}));
  EXPECT_EQ(read_back("$-1\r\n"), ClientReply{});
  EXPECT_EQ(read_back("_\r\n"), ClientReply{});
  EXPECT_EQ(
      read_back("*2\r\n:1\r\n%1\r\n$1\r\nk\r\n-ERR x\r\n"),
      (ClientReply{.type = ReplyType::array,
                   .elements = {{.type = ReplyType::integer, .text = "1"},
                                {.type = ReplyType::map,
                                 .elements = {{.type = ReplyType::bulk, .text = "k"},
                                              {.type = ReplyType::error, .text = "ERR x"}}}}}));
}

TEST(ReplyParser, WaitsForTheRestAndRefusesWhatIsNone) {
  const std::string text = "*2\r\n$3\r\nabc\r\n:1\r\n";
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto parsed = parse_reply(std::string_view{text}.substr(0, size));
    ASSERT_TRUE(parsed) << size;
    EXPECT_FALSE(*parsed) << size;
  }
  for (const char* wrong : {"?\r\n", "$x\r\n", "$1\r\nabc\r\n", "*-2\r\n", "\r\n"})
    EXPECT_FALSE(parse_reply(wrong)) << wrong;
  std::string deep;
  for (int i = 0; i < 20; ++i)
    deep += "*1\r\n";
  EXPECT_FALSE(parse_reply(deep));
}

}  // namespace
}  // namespace proa::resp
