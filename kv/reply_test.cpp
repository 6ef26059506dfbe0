#include "kv/reply.hpp"

#include <gtest/gtest.h>

namespace proa::kv {
namespace {

TEST(ReplyEncoding, GivesBackWhatWasEncoded) {
  for (const Reply& reply :
       {Reply{Ok{}}, Reply{Nil{}}, Reply{std::int64_t{-7}}, Reply{SharedBytes::copy_of("value")},
        Reply{SharedBytes::copy_of("")}, Reply{Refusal{"ERR no"}},
        Reply{Values{SharedBytes::copy_of("a"), std::nullopt, SharedBytes::copy_of("")}},
        Reply{Values{}}, Reply{Replies{.all = {Ok{}, std::int64_t{4}, Values{std::nullopt}}}}}) {
    const auto decoded = decode_reply(encode_reply(reply));
    ASSERT_TRUE(decoded) << reply.index();
    EXPECT_EQ(*decoded, reply) << reply.index();
    EXPECT_GE(encoded_bytes(reply), encode_reply(reply).size()) << reply.index();
  }
}

TEST(ReplyEncoding, WhatIsNoReplyIsRefused) {
  for (const std::string_view bytes :
       {std::string_view{""}, std::string_view{"\x09"}, std::string_view{"\4"},
        std::string_view{"\3\2v"}, std::string_view{"\2\1"}, std::string_view{"\4\1\2"},
        std::string_view{"\0x", 2}}) {
    EXPECT_FALSE(decode_reply(SharedBytes::copy_of(bytes)));
  }
}

}  // namespace
}  // namespace proa::kv
