#include "server/resp/request_parser.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>

#include "server/resp/reply_parser.hpp"

namespace proa::resp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Words = std::vector<std::string>;

Words words_of(const Request& request) {
  Words words;
  for (const SharedBytes& argument : request.arguments)
    words.emplace_back(text_of(argument));
  return words;
}

std::string error_of(std::string_view text, RequestLimits limits = {}) {
  const auto request = RequestParser{limits}.next(SharedBytes::copy_of(text));
  return request ? "none" : request.error().detail;
}

/// All requests of a text that arrives in pieces of that size, each time elsewhere in memory.
std::vector<Words> all_requests(const std::string& text, std::size_t step) {
  std::vector<Words> requests;
  RequestParser parser;
  std::size_t taken = 0;
  for (std::size_t end = 0; end <= text.size();) {
    const auto request = parser.next(SharedBytes::copy_of(text.substr(taken, end - taken)));
    PROA_ASSERT(request.has_value());
    if (request->has_value()) {
      taken += (*request)->bytes;
      requests.push_back(words_of(**request));
    } else {
      if (end == text.size()) break;
      end = std::min(end + step, text.size());
    }
  }
  return requests;
}

TEST(RequestParser, TakesArraysOfBulkStringsInPiecesOfAnySize) {
  const std::string text =
      "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\n*0\r\n*-1\r\n*1\r\n$0\r\n\r\n";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    EXPECT_THAT(all_requests(text, step),
                ElementsAre(Words{"GET", "k"}, Words{"PING"}, Words{}, Words{}, Words{""}))
        << step;
  }
}

TEST(RequestParser, TakesInlineCommandsWithQuotes) {
  const std::string text = "PING\r\n  SET  'a b'\t\"\\x41\\n\\\"\" \n\r\nGET 'it\\'s'\n";
  EXPECT_THAT(all_requests(text, 3), ElementsAre(Words{"PING"}, Words{"SET", "a b", "A\n\""},
                                                 Words{}, Words{"GET", "it's"}));
}

TEST(RequestParser, SaysWhatRedisSaysOfMalformedBytes) {
  EXPECT_EQ(error_of("*x\r\n"), "Protocol error: invalid multibulk length");
  EXPECT_EQ(error_of("*1048577\r\n"), "Protocol error: invalid multibulk length");
  EXPECT_EQ(error_of("*1\r\n:5\r\n"), "Protocol error: expected '$', got ':'");
  EXPECT_EQ(error_of("*1\r\n$-1\r\n"), "Protocol error: invalid bulk length");
  EXPECT_EQ(error_of("*1\r\n$ 1\r\n"), "Protocol error: invalid bulk length");
  EXPECT_EQ(error_of("*1\r\n$536870912\r\n"), "Protocol error: invalid bulk length");
  EXPECT_EQ(error_of("GET \"unfinished\r\n"), "Protocol error: unbalanced quotes in request");
  EXPECT_EQ(error_of("GET \"a\"b\r\n"), "Protocol error: unbalanced quotes in request");
  EXPECT_EQ(error_of("*1\r\n$1\r\nabc\r\n"), "Protocol error: a bulk string without its end");
}

TEST(RequestParser, HasALimitForEveryLength) {
  const RequestLimits limits{
      .arguments = 2, .argument_bytes = 10, .request_bytes = 30, .line_bytes = 20};
  EXPECT_THAT(error_of("*3\r\n", limits), HasSubstr("multibulk"));
  EXPECT_THAT(error_of("*1\r\n$11\r\n", limits), HasSubstr("bulk length"));
  EXPECT_THAT(error_of("*2\r\n$10\r\n0123456789\r\n$10\r\n", limits), HasSubstr("too big request"));
  EXPECT_THAT(error_of(std::string(20, 'x'), limits), HasSubstr("too big inline request"));
  EXPECT_THAT(error_of("*" + std::string(20, '1'), limits), HasSubstr("mbulk count"));
  EXPECT_THAT(error_of("*1\r\n$" + std::string(20, '1'), limits), HasSubstr("bulk count"));
  EXPECT_EQ(error_of(std::string(19, 'x'), limits), "none");
}

TEST(RequestParser, TakesWhatClientsEncode) {
  EXPECT_TRUE(rc::check([](const std::vector<std::string>& words, std::uint8_t step) {
    RC_PRE(!words.empty());
    const std::string once = encode_request({words.begin(), words.end()});
    RC_ASSERT(all_requests(once + once, step + std::size_t{1}) == (std::vector{words, words}));
  }));
}

}  // namespace
}  // namespace proa::resp
