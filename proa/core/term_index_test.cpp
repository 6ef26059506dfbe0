#include "proa/core/term_index.hpp"

#include "proa/core/test_support.hpp"

namespace proa::core::test {
namespace {

TermIndex log_of(const std::vector<std::uint64_t>& terms) { return TermIndex{entries_of(terms)}; }

TEST(TermIndex, KnowsTheTermOfEachEntry) {
  const TermIndex log = log_of({1, 1, 4, 4, 5});
  EXPECT_EQ(log.term_at({1}), Term{1});
  EXPECT_EQ(log.term_at({2}), Term{1});
  EXPECT_EQ(log.term_at({3}), Term{4});
  EXPECT_EQ(log.term_at({5}), Term{5});
  EXPECT_EQ(log.last(), (LogPosition{.term = {5}, .index = {5}}));
}

// A cache of terms that answers beyond what it knows lets a leader replicate from a wrong place.
TEST(TermIndex, AnswersNothingOutsideItsRange) {
  TermIndex log = log_of({1, 1, 4, 4, 5});
  EXPECT_EQ(log.term_at({6}), std::nullopt);
  log.compact({3});
  EXPECT_EQ(log.term_at({2}), std::nullopt);
  EXPECT_EQ(log.term_at({0}), std::nullopt);
  EXPECT_EQ(log.term_at({3}), Term{4}) << "the entry right before the first one stays known";

  const TermIndex reported{entries_of({7, 7}, {10})};
  EXPECT_EQ(reported.term_at({9}), std::nullopt) << "a store does not report it";
  EXPECT_EQ(reported.first_index(), LogIndex{10});
}

TEST(TermIndex, OfANewLogBeginsAfterTermZero) {
  const TermIndex log;
  EXPECT_EQ(log.term_at({0}), Term{0});
  EXPECT_EQ(log.last(), LogPosition{});
  EXPECT_EQ(log.first_index(), LogIndex{1});
}

TEST(TermIndex, AfterASnapshotGoesOnBehindIt) {
  TermIndex log{LogPosition{.term = {3}, .index = {8}}};
  EXPECT_TRUE(log.empty());
  EXPECT_EQ(log.last(), (LogPosition{.term = {3}, .index = {8}}));
  log.append({3}, 2);
  EXPECT_EQ(log.last_index(), LogIndex{10});
  EXPECT_EQ(log.start_of_term({10}), LogIndex{9});
}

TEST(TermIndex, FindsWhereATermStarts) {
  const TermIndex log = log_of({1, 1, 4, 4, 5});
  EXPECT_EQ(log.start_of_term({2}), LogIndex{1});
  EXPECT_EQ(log.start_of_term({4}), LogIndex{3});
  EXPECT_EQ(log.start_of_term({5}), LogIndex{5});
}

TEST(TermIndex, FindsTheFirstEntryThatDiffers) {
  const TermIndex log = log_of({1, 1, 4, 4, 5});
  EXPECT_EQ(log.first_difference(entries_of({1, 1, 4, 4, 5}), {1}), LogIndex{6}) << "none";
  EXPECT_EQ(log.first_difference(entries_of({4, 4}, {3}), {3}), LogIndex{5}) << "none, and shorter";
  EXPECT_EQ(log.first_difference(entries_of({4, 4, 4}, {3}), {3}), LogIndex{5});
  EXPECT_EQ(log.first_difference(entries_of({1, 2, 2}), {1}), LogIndex{2});
  EXPECT_EQ(log.first_difference(entries_of({5, 5, 6}, {5}), {5}), LogIndex{6}) << "beyond the end";
  EXPECT_EQ(log.first_difference(entries_of({9, 9, 4, 4}), {3}), LogIndex{5}) << "from 3 on only";
}

TEST(TermIndex, TruncatesInsideATerm) {
  TermIndex log = log_of({1, 1, 4, 4, 5});
  log.truncate_from({4});
  EXPECT_EQ(log.last(), (LogPosition{.term = {4}, .index = {3}}));
  log.truncate_from({1});
  EXPECT_EQ(log.last(), LogPosition{});
  log.append({6}, 1);
  EXPECT_EQ(log.term_at({1}), Term{6});
}

TEST(TermIndex, CompactsUpToItsEnd) {
  TermIndex log = log_of({1, 1, 4, 4, 5});
  log.compact({5});
  EXPECT_TRUE(log.empty());
  EXPECT_EQ(log.last(), (LogPosition{.term = {5}, .index = {5}}));
  log.append({5}, 1);
  EXPECT_EQ(log.first_index(), LogIndex{6});
}

// Every answer equals that of a plain list of terms, whatever was done before.
TEST(TermIndex, AgreesWithAListOfTerms) {
  Random random{7};
  for (int trial = 0; trial < 200; ++trial) {
    TermIndex log;
    std::vector<std::uint64_t> terms = {0};  // by index; what lies at or before `before` is gone
    std::size_t before = 0;
    for (int i = 0; i < 60; ++i) {
      const std::uint64_t move = random.below(10);
      if (move < 6) {
        const std::uint64_t term = terms.back() + random.below(2) + (terms.back() == 0 ? 1 : 0);
        const std::uint64_t count = random.between(1, 3);
        log.append({term}, count);
        terms.insert(terms.end(), count, term);
      } else if (move < 8 && before + 1 < terms.size()) {
        const std::size_t from = random.between(before + 1, terms.size() - 1);
        log.truncate_from({from});
        terms.resize(from);
      } else if (move == 8) {
        before = random.between(before, terms.size() - 1);
        log.compact({before});
      }
      ASSERT_EQ(log.last_index().value + 1, terms.size());
      for (std::size_t at = 0; at <= terms.size(); ++at) {
        const bool is_known = before <= at && at < terms.size();
        ASSERT_EQ(log.term_at({at}),
                  is_known ? std::optional<Term>{Term{terms[at]}} : std::nullopt);
      }
    }
  }
}

}  // namespace
}  // namespace proa::core::test
