#include "proa/wire/entry_codec.hpp"

#include <gtest/gtest.h>

#include <string>

namespace proa::wire {
namespace {

SharedBytes from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string{hex.substr(i, 2)}, nullptr, 16)));
  }
  return SharedBytes::take(std::move(bytes));
}

std::string encoded(const EntryBlock& block) {
  std::string all;
  for (const Entry& entry : block.entries) {
    all += text_of(entry.head);
    if (entry.data_apart) all += text_of(entry.data);
    all += text_of(entry.tail);
  }
  return all;
}

// Reference §6.5, vector V2: a no-op with index 12, term 6 and a zone at offset 0.
TEST(EntryCodec, WritesTheModelsBytes) {
  const NewEntry noop{.index = LogIndex{12},
                      .term = Term{6},
                      .kind = EntryKind::noop,
                      .appended_at = {.unix_seconds = 1735689600, .zone_seconds = 0}};
  const auto block = encode_block({&noop, 1});
  EXPECT_EQ(block->entries.front().encoded_size(), 65U);
  EXPECT_EQ(
      encoded(*block),
      text_of(from_hex("86aa417070656e6465644174af010000000edf067c80000000000000"
                       "a444617461c0aa457874656e73696f6e73c0a5496e6465780ca45465726d06a454797065"
                       "01")
                  .view()));
}

TEST(EntryCodec, ReadsBackWhatItWroteAndKeepsLargePayloadsApart) {
  const NewEntry entries[] = {
      {.index = LogIndex{7}, .term = Term{2}, .data = SharedBytes::copy_of("small")},
      {.index = LogIndex{8},
       .term = Term{300},
       .data = SharedBytes::take(std::string(kDataApartMin, 'x')),
       .extensions = SharedBytes::copy_of("ext")},
      {.index = LogIndex{9}, .term = Term{70000}, .data = SharedBytes::copy_of("")},
  };
  const auto block = encode_block(entries);
  EXPECT_TRUE(block->entries[1].data_apart);
  EXPECT_EQ(block->entries[1].data.data(), entries[1].data.data());
  const SharedBytes chunk = SharedBytes::take(encoded(*block) + "rest");
  const auto decoded = decode_block(chunk, 3);
  ASSERT_TRUE(decoded && decoded->has_value());
  EXPECT_EQ((*decoded)->bytes, chunk.size() - 4);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(same_entry((*decoded)->block->entries[i], block->entries[i])) << i;
  }
  EXPECT_EQ((*decoded)->block->entries[0].extensions.data(), nullptr);
  EXPECT_NE((*decoded)->block->entries[2].data.data(), nullptr);
  for (std::size_t size = 0; size < (*decoded)->bytes; ++size) {
    const auto cut = decode_block(chunk.slice(0, size), 3);
    ASSERT_TRUE(cut) << size;
    EXPECT_FALSE(cut->has_value()) << size;
  }
}

TEST(EntryCodec, RefusesWhatIsNoEntry) {
  EXPECT_FALSE(decode_block(from_hex("c0"), 1));
  EXPECT_FALSE(decode_block(from_hex("05"), 1));
  EXPECT_FALSE(decode_block(from_hex("81a5496e646578ff"), 1));  // index -1
  EXPECT_FALSE(decode_block(from_hex("81a5496e6465780581a5496e64657807"), 2));
}

TEST(EntryCodec, SummarizesTermsAndConfigurations) {
  const Configuration configuration{{{Suffrage::voter, {"a"}, {"a:1"}}}};
  const NewEntry entries[] = {
      {.index = LogIndex{4}, .term = Term{2}},
      {.index = LogIndex{5}, .term = Term{2}},
      {.index = LogIndex{6},
       .term = Term{3},
       .kind = EntryKind::configuration,
       .data = encode_configuration(configuration)},
  };
  const auto summary = summarize(EntryView{encode_block(entries)}, LogIndex{3});
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->entries, (IndexRange{LogIndex{4}, LogIndex{6}}));
  EXPECT_EQ(summary->term_starts,
            (std::vector<LogPosition>{{Term{2}, LogIndex{4}}, {Term{3}, LogIndex{6}}}));
  EXPECT_EQ(summary->configurations, (std::vector<ConfigurationAt>{{configuration, LogIndex{6}}}));
}

}  // namespace
}  // namespace proa::wire
