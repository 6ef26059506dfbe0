#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "proa/testing/linearizability.hpp"

namespace proa::testing {
namespace {

std::vector<std::filesystem::path> stored_histories() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator{PROA_HISTORIES}) {
    if (entry.path().extension() == ".history") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

// Goal: what is known to be wrong, or right, stays so. Method: each stored history is judged, and
// its name begins with the verdict.
TEST(StoredHistories, AreJudgedAsTheirNamesSay) {
  std::size_t good = 0;
  std::size_t bad = 0;
  for (const auto& path : stored_histories()) {
    SCOPED_TRACE(path.string());
    std::ifstream file{path};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    const auto history = parse_history(text);
    ASSERT_TRUE(history) << history.error().detail;
    ASSERT_FALSE(history->empty());
    const bool is_good = path.filename().string().starts_with("good_");
    ASSERT_TRUE(is_good || path.filename().string().starts_with("bad_"));
    const Judgement judged = judge(*history, KeyValueModel{});
    EXPECT_EQ(judged.verdict, is_good ? Verdict::linearizable : Verdict::not_linearizable)
        << judged.drawing;
    ++(is_good ? good : bad);
  }
  EXPECT_GE(good, 3U);
  EXPECT_GE(bad, 10U);
}

}  // namespace
}  // namespace proa::testing
