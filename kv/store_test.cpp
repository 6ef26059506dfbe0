#include "kv/store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kv/detail/test_support.hpp"
#include "kv/limits.hpp"

namespace proa::kv {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kOne = 1;

SetCommand set(std::string_view key, std::string_view text, SetWhen when = SetWhen::always,
               bool reply_old_value = false) {
  return {.key = view_of(key),
          .value = view_of(text),
          .when = when,
          .reply_old_value = reply_old_value};
}
Reply increment(Store& store, std::string_view key, std::int64_t by) {
  return apply(store, AddCommand{.key = view_of(key), .by = by});
}

TEST(Store, SetThenGetGivesTheValue) {
  Store store;
  EXPECT_EQ(ask(store, QueryKind::value, {"k"}), Reply{Nil{}});
  EXPECT_EQ(apply(store, set("k", "v")), Reply{Ok{}});
  EXPECT_EQ(ask(store, QueryKind::value, {"k"}), value("v"));
  EXPECT_EQ(ask(store, QueryKind::length, {"k"}), Reply{kOne});
  EXPECT_EQ(store.key_count(), 1U);
}

TEST(Store, SetWithAConditionThatIsNotMetChangesNothing) {
  Store store;
  EXPECT_EQ(apply(store, set("k", "v", SetWhen::present)), Reply{Nil{}});
  EXPECT_EQ(apply(store, set("k", "v", SetWhen::missing)), Reply{Ok{}});
  EXPECT_EQ(apply(store, set("k", "w", SetWhen::missing)), Reply{Nil{}});
  EXPECT_EQ(ask(store, QueryKind::value, {"k"}), value("v"));
  EXPECT_EQ(apply(store, set("k", "w", SetWhen::present)), Reply{Ok{}});
  EXPECT_EQ(ask(store, QueryKind::value, {"k"}), value("w"));
}

// Redis answers the old value, set or not.
TEST(Store, SetWithGetAnswersTheOldValue) {
  Store store;
  EXPECT_EQ(apply(store, set("k", "v", SetWhen::always, true)), Reply{Nil{}});
  EXPECT_EQ(apply(store, set("k", "w", SetWhen::missing, true)), value("v"));
  EXPECT_EQ(apply(store, set("k", "x", SetWhen::always, true)), value("v"));
  EXPECT_EQ(apply(store, set("k", "y", SetWhen::present, true)), value("x"));
  EXPECT_EQ(ask(store, QueryKind::value, {"k"}), value("y"));
}

TEST(Store, IncrementsCountFromZeroAndRefuseWhatIsNoInteger) {
  Store store;
  EXPECT_EQ(increment(store, "n", 1), Reply{kOne});
  EXPECT_EQ(increment(store, "n", -43), Reply{std::int64_t{-42}});
  EXPECT_EQ(ask(store, QueryKind::value, {"n"}), value("-42"));
  apply(store, set("word", "ten"));
  EXPECT_EQ(increment(store, "word", 1),
            Reply{Refusal{"ERR value is not an integer or out of range"}});
  EXPECT_EQ(ask(store, QueryKind::value, {"word"}), value("ten"));
}

TEST(Store, IncrementsThatWouldOverflowChangeNothing) {
  Store store;
  apply(store, set("n", "9223372036854775807"));
  EXPECT_EQ(increment(store, "n", 1), Reply{Refusal{"ERR increment or decrement would overflow"}});
  EXPECT_EQ(ask(store, QueryKind::value, {"n"}), value("9223372036854775807"));
}

TEST(Store, AKeyCountsAsOftenAsItIsNamedButIsDeletedOnce) {
  Store store;
  apply(store, set("a", ""));
  EXPECT_EQ(ask(store, QueryKind::exists, {"a", "a", "b"}), Reply{std::int64_t{2}});
  const ByteView a = view_of("a");
  EXPECT_EQ(apply(store, DeleteCommand{.keys = {a, a, view_of("b")}}), Reply{kOne});
  EXPECT_EQ(store.key_count(), 0U);
}

TEST(Store, ManyAreSetTogetherAndReadTogether) {
  Store store;
  apply(store,
        SetManyCommand{.pairs = {{view_of("a"), view_of("1")}, {view_of("a"), view_of("2")}}});
  EXPECT_EQ(ask(store, QueryKind::values, {"a", "b"}),
            (Reply{Values{SharedBytes::copy_of("2"), std::nullopt}}));
}

TEST(Store, AppendGrowsAValueUpToTheLimit) {
  Store store;
  const ByteView key = view_of("k");
  EXPECT_EQ(apply(store, AppendCommand{.key = key, .value = view_of("ab")}),
            Reply{std::int64_t{2}});
  EXPECT_EQ(apply(store, AppendCommand{.key = key, .value = view_of("c")}), Reply{std::int64_t{3}});
  EXPECT_EQ(ask(store, QueryKind::value, {"k"}), value("abc"));
  const std::string large(kValueBytesMax - 2, 'x');
  EXPECT_EQ(apply(store, AppendCommand{.key = key, .value = view_of(large)}),
            Reply{Refusal{"ERR string exceeds maximum allowed size (proto-max-bulk-len)"}});
  EXPECT_EQ(ask(store, QueryKind::length, {"k"}), Reply{std::int64_t{3}});
}

// As in Redis, a step that is refused does not stop the others.
TEST(Store, ATransactionRunsItsStepsInOrderAtOnePlace) {
  Store store;
  const ByteView n = view_of("n");
  const Reply reply =
      apply(store, TransactionCommand{.steps = {set("word", "ten"), AddCommand{.key = n, .by = 5},
                                                AddCommand{.key = view_of("word"), .by = 1},
                                                QueryStep{.kind = QueryKind::value, .keys = {n}},
                                                DeleteCommand{.keys = {n}}}});
  EXPECT_EQ(reply, (Reply{Replies{.all = {Ok{}, std::int64_t{5},
                                          Refusal{"ERR value is not an integer or out of range"},
                                          SharedBytes::copy_of("5"), kOne}}}));
  EXPECT_EQ(store.key_count(), 1U);
}

TEST(Store, ResponsesAreSetOnlyWhereSomebodyWaits) {
  class NobodyWaits final : public Responses {
   public:
    bool wanted(std::size_t) const override { return false; }
    void set(std::size_t, std::any) override { ++count; }
    int count = 0;
  };
  Store store;
  const SharedBytes bytes = encode_command(set("k", "v"));
  const Committed entry{.index = LogIndex{1}, .command = bytes};
  NobodyWaits responses;
  store.apply({&entry, 1}, responses);
  EXPECT_EQ(responses.count, 0);
  EXPECT_EQ(store.key_count(), 1U);
}

// Going on would make this server differ from those that know the command.
TEST(Store, StopsAtACommandOfANewerVersion) {
  Store store;
  apply(store, set("k", "v"));
  const Committed entry{.index = LogIndex{7}, .command = view_of("\x7f")};
  AllWanted responses{1};
  store.apply({&entry, 1}, responses);
  ASSERT_TRUE(store.failure());
  EXPECT_THAT(store.failure()->detail, HasSubstr("entry 7"));

  EXPECT_THAT(std::get<Refusal>(apply(store, set("k", "w"))).text, HasSubstr("has stopped"));
  EXPECT_THAT(std::get<Refusal>(ask(store, QueryKind::value, {"k"})).text, HasSubstr("entry 7"));
  EXPECT_FALSE(store.snapshot());
}

TEST(Store, ADamagedCommandIsRefusedAndTheNextOneRuns) {
  Store store;
  const Committed entry{.index = LogIndex{1}, .command = view_of(std::string_view{"\1\0\0", 3})};
  AllWanted responses{1};
  store.apply({&entry, 1}, responses);
  EXPECT_THAT(std::get<Refusal>(std::any_cast<Reply>(responses.responses[0])).text,
              HasSubstr("does not decode"));
  EXPECT_EQ(apply(store, set("k", "v")), Reply{Ok{}});
}

}  // namespace
}  // namespace proa::kv
