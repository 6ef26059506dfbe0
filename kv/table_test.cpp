#include "kv/detail/table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace proa::kv {
namespace {

using Contents = std::map<std::string, std::string>;

Contents contents_of(const TableImage& image) {
  Contents contents;
  for (const auto& shard : image.shards()) {
    for (const auto& [key, item] : *shard)
      contents.emplace(key, text_of(item.value));
  }
  return contents;
}

void put(Table& table, std::string_view key, std::string_view value) {
  table.put(view_of(key), {.value = SharedBytes::copy_of(value)});
}

TEST(Table, AnImageStaysAsItWasWhileTheTableChanges) {
  Table table;
  put(table, "a", "1");
  put(table, "b", "2");
  const auto image = table.image();
  put(table, "a", "changed");
  put(table, "c", "new");
  EXPECT_TRUE(table.erase(view_of("b")));

  EXPECT_EQ(contents_of(*image), (Contents{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(image->size(), 2U);
  EXPECT_EQ(contents_of(*table.image()), (Contents{{"a", "changed"}, {"c", "new"}}));
}

TEST(Table, TwoOpenImagesAreEachAsTheyWere) {
  Table table;
  put(table, "a", "1");
  const auto first = table.image();
  put(table, "a", "2");
  const auto second = table.image();
  put(table, "a", "3");
  EXPECT_EQ(contents_of(*first), (Contents{{"a", "1"}}));
  EXPECT_EQ(contents_of(*second), (Contents{{"a", "2"}}));
}

// The copy is made once: the second change finds it.
TEST(Table, OlderImagesSurviveTheEndOfANewerOne) {
  Table table;
  put(table, "a", "1");
  const auto first = table.image();
  table.image().reset();
  put(table, "a", "2");
  put(table, "a", "3");
  EXPECT_EQ(contents_of(*first), (Contents{{"a", "1"}}));
}

TEST(Table, WithoutAnImageNothingIsCopied) {
  Table table;
  put(table, "a", "1");
  table.image().reset();
  const Item* const before = table.find(view_of("a"));
  put(table, "a", "2");
  EXPECT_EQ(table.find(view_of("a")), before);
}

}  // namespace
}  // namespace proa::kv
