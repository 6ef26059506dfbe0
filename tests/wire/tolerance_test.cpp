#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <set>

#include "tests/wire/golden.hpp"

// Goal: what the real decoder accepts we accept, with the same fields and the same bytes left over;
// what it refuses we refuse. Method: all of tolerance.jsonl.

namespace proa::wire::golden {
namespace {

/// Accepted by the model's decoder and refused by ours, each for its reason.
const std::map<std::string, std::string> kStricter = {
    {"i64_cf_2e63", "an unsigned number beyond a signed one would turn negative"},
    {"entries_nil_element", "a nil entry stops a server of the model"},
    {"entries_map", "the same: its first key, taken as an entry, is nil"},
};

/// Where the model's decoder meets the end of its input, ours waits for more.
const std::set<std::string> kUnfinished = {"map_cut_short", "bytes_cut_short"};

void expect_accepted(const boost::json::object& line, const std::string& bytes) {
  const std::string kind = string_of(line.at("kind"));
  const auto* fields = line.if_contains("fields");
  const boost::json::object none;
  const RequestFrame expected =
      request_of(kind, fields == nullptr || fields->is_null() ? none : fields->as_object());
  RequestFrameDecoder decoder;
  const auto decoded = decoder.next(SharedBytes::copy_of(bytes));
  ASSERT_TRUE(decoded) << to_string(decoded.error());
  ASSERT_TRUE(decoded->has_value()) << "waits for more";
  EXPECT_EQ(show((*decoded)->frame), show(expected));
  const auto* left = line.if_contains("left");
  const std::int64_t left_over = left == nullptr ? 0 : left->to_number<std::int64_t>();
  EXPECT_EQ(static_cast<std::int64_t>(bytes.size() - (*decoded)->bytes), left_over);
}

void expect_refused(const std::string& name, const std::string& bytes) {
  RequestFrameDecoder decoder;
  const auto decoded = decoder.next(SharedBytes::copy_of(bytes));
  if (kUnfinished.contains(name)) {
    EXPECT_TRUE(decoded && !decoded->has_value());
    return;
  }
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, Errc::protocol_error);
}

TEST(Tolerance, IsThatOfTheRealDecoder) {
  int accepted = 0;
  int refused = 0;
  for (const boost::json::object& line : lines("tolerance.jsonl")) {
    const std::string name = string_of(line.at("name"));
    SCOPED_TRACE(name);
    const auto type = static_cast<char>(rpc_of(string_of(line.at("kind"))));
    const std::string bytes = std::string{type} + from_hex(string_of(line.at("hex")));
    if (line.at("accept").as_bool() && !kStricter.contains(name)) {
      expect_accepted(line, bytes);
      ++accepted;
    } else {
      expect_refused(name, bytes);
      ++refused;
    }
  }
  std::printf("%d accepted, %d refused, of these stricter than the model:\n", accepted, refused);
  for (const auto& [name, reason] : kStricter) {
    std::printf("  %s: %s\n", name.c_str(), reason.c_str());
  }
  EXPECT_EQ(accepted, 80);
  EXPECT_EQ(refused, 45);
}

// The same bytes in pieces lead to the same verdict.
TEST(Tolerance, DoesNotDependOnHowTheBytesArrive) {
  for (const boost::json::object& line : lines("tolerance.jsonl")) {
    SCOPED_TRACE(string_of(line.at("name")));
    const auto type = static_cast<char>(rpc_of(string_of(line.at("kind"))));
    const std::string bytes = std::string{type} + from_hex(string_of(line.at("hex")));
    RequestFrameDecoder at_once;
    const auto whole = at_once.next(SharedBytes::copy_of(bytes));
    RequestFrameDecoder piecemeal;
    for (std::size_t size = 1; size <= bytes.size(); ++size) {
      const auto part = piecemeal.next(SharedBytes::copy_of(bytes.substr(0, size)));
      if (!part) {
        EXPECT_FALSE(whole) << to_string(part.error());
        break;
      }
      if (part->has_value()) {
        ASSERT_TRUE(whole && whole->has_value());
        EXPECT_EQ(show((*part)->frame), show((*whole)->frame));
        EXPECT_EQ(size, (*whole)->bytes);
        break;
      }
      EXPECT_TRUE(size < bytes.size() || (whole && !whole->has_value()));
    }
  }
}

}  // namespace
}  // namespace proa::wire::golden
