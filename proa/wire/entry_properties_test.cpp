#include <gtest/gtest.h>

#include "proa/base/random.hpp"
#include "proa/wire/entry_codec.hpp"
#include "proa/wire/hex.hpp"

// Goal: entries survive encoding, and the quick way through an entry's usual form never differs
// from the general way. Method: random entries, whole, cut and damaged.

namespace proa::wire {
namespace {

std::uint64_t random_number(Random& random) { return random.next() >> random.below(64); }

SharedBytes random_bytes(Random& random) {
  if (random.percent(20)) return {};
  static constexpr std::uint64_t kSizes[] = {0, 1, 31, 32, 255, 256, 2047, 2048, 65535, 65536};
  const std::uint64_t size = random.percent(3)    ? kSizes[random.below(std::size(kSizes))]
                             : random.percent(20) ? random.below(300)
                                                  : random.below(40);
  std::string bytes(static_cast<std::size_t>(size), '\0');
  for (char& c : bytes)
    c = static_cast<char>(random.next());
  return SharedBytes::take(std::move(bytes));
}

WallTime random_time(Random& random) {
  if (random.percent(10)) return {};
  static constexpr std::int32_t kZones[] = {WallTime::kExplicitUtc, 0, 3600, -10800, 19830, -10830};
  return {.unix_seconds = static_cast<std::int64_t>(random_number(random)),
          .nanoseconds = static_cast<std::uint32_t>(random.below(1'000'000'000)),
          .zone_seconds = kZones[random.below(std::size(kZones))]};
}

std::vector<NewEntry> random_entries(Random& random) {
  std::vector<NewEntry> entries(static_cast<std::size_t>(random.between(1, 6)));
  LogIndex index{(random_number(random) >> 1) + 1};
  WallTime time = random_time(random);
  for (NewEntry& entry : entries) {
    if (random.percent(20)) time = random_time(random);
    entry = {
        .index = index,
        .term = Term{random_number(random)},
        .kind = static_cast<EntryKind>(random.percent(5) ? random.below(256) : random.below(6)),
        .appended_at = time,
        .data = random_bytes(random),
        .extensions = random.percent(90) ? SharedBytes{} : random_bytes(random)};
    index = next(index);
  }
  return entries;
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

bool same(const Entry& a, const Entry& b) {
  return same_entry(a, b) && (a.data.data() == nullptr) == (b.data.data() == nullptr) &&
         (a.extensions.data() == nullptr) == (b.extensions.data() == nullptr);
}

TEST(EntryProperties, EntriesSurviveEncoding) {
  Random random{1};
  for (int round = 0; round < 2000; ++round) {
    const std::vector<NewEntry> entries = random_entries(random);
    const auto block = encode_block(entries);
    const std::string bytes = encoded(*block);
    const auto decoded = decode_block(SharedBytes::copy_of(bytes + "x"), entries.size());
    ASSERT_TRUE(decoded && decoded->has_value()) << round;
    ASSERT_EQ((*decoded)->bytes, bytes.size());
    ASSERT_EQ(encoded(*(*decoded)->block), bytes);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const Entry& entry = block->entries[i];
      ASSERT_TRUE(same(entry, (*decoded)->block->entries[i])) << round;
      ASSERT_EQ(entry.index, entries[i].index);
      ASSERT_EQ(entry.term, entries[i].term);
      ASSERT_EQ(entry.kind, entries[i].kind);
      ASSERT_EQ(entry.appended_at, entries[i].appended_at);
      ASSERT_TRUE(equal(entry.data, entries[i].data));
      ASSERT_TRUE(equal(entry.extensions, entries[i].extensions));
      ASSERT_EQ(entry.data.data() == nullptr, entries[i].data.data() == nullptr);
      ASSERT_EQ(entry.data_apart, entries[i].data.size() >= kDataApartMin);
    }
  }
}

TEST(EntryProperties, EveryCutIsUnfinished) {
  Random random{2};
  for (int round = 0; round < 200; ++round) {
    const std::vector<NewEntry> entries = random_entries(random);
    const SharedBytes bytes = SharedBytes::take(encoded(*encode_block(entries)));
    const std::size_t step = bytes.size() / 200 + 1;
    for (std::size_t size = 0; size < bytes.size(); size += step) {
      const auto cut = decode_block(bytes.slice(0, size), entries.size());
      ASSERT_TRUE(cut) << to_string(cut.error());
      ASSERT_FALSE(cut->has_value()) << size;
    }
  }
}

void damage(Random& random, std::string& bytes) {
  for (std::uint64_t left = random.below(3); left > 0; --left) {
    const auto at = static_cast<std::size_t>(random.below(bytes.size()));
    if (random.percent(20)) {
      bytes.erase(at);  // cut
    } else if (random.percent(20)) {
      bytes.erase(at, 1);
    } else if (random.percent(20)) {
      bytes.insert(at, 1, static_cast<char>(random.next()));
    } else {
      bytes[at] = static_cast<char>(random.next());
    }
    if (bytes.empty()) bytes = "\x86";
  }
}

/// The same entry with a field in front that nobody knows, so that it is not in the usual form.
std::string in_unusual_form(const std::string& bytes) {
  return bytes_from_hex("87 a158 c0") + bytes.substr(1);
}

TEST(EntryProperties, TheQuickWayAndTheGeneralWayAgree) {
  Random random{3};
  int accepted = 0;
  int refused = 0;
  int unfinished = 0;
  for (int round = 0; round < 20000; ++round) {
    const std::vector<NewEntry> entries = random_entries(random);
    std::string bytes = encoded(*encode_block({entries.data(), 1}));
    damage(random, bytes);
    if (bytes[0] != '\x86') continue;
    const auto quick = decode_block(SharedBytes::copy_of(bytes), 1);
    const auto general = decode_block(SharedBytes::copy_of(in_unusual_form(bytes)), 1);
    ASSERT_EQ(quick.has_value(), general.has_value()) << to_hex(bytes);
    refused += quick ? 0 : 1;
    if (!quick) continue;
    ASSERT_EQ(quick->has_value(), general->has_value()) << to_hex(bytes);
    unfinished += quick->has_value() ? 0 : 1;
    if (!quick->has_value()) continue;
    ASSERT_EQ((*quick)->bytes + 3, (*general)->bytes) << to_hex(bytes);
    ASSERT_TRUE(same((*quick)->block->entries[0], (*general)->block->entries[0])) << to_hex(bytes);
    ++accepted;
  }
  EXPECT_GT(accepted, 1000);  // neither way was tested on one kind of input alone
  EXPECT_GT(refused, 1000);
  EXPECT_GT(unfinished, 1000);
}

}  // namespace
}  // namespace proa::wire
