#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <string>

#include "kv/detail/test_support.hpp"
#include "kv/integer.hpp"

// Goal: the store answers as a plain map does. Method: random commands over few keys, each given to
// both; in between the store is replaced by one restored from its snapshot, and images are taken
// early and written late.

namespace proa::kv {
namespace {

struct Step {
  int kind = 0;
  std::string key = {};
  std::string other_key = {};
  std::string text = {};
  std::int64_t by = 0;
};

rc::Gen<Step> any_step() {
  const auto key = rc::gen::element<std::string>("a", "b", "c", "", std::string{"\0", 1});
  const auto text = rc::gen::oneOf(
      rc::gen::arbitrary<std::string>(),
      rc::gen::map(rc::gen::arbitrary<std::int64_t>(), [](auto n) { return std::to_string(n); }),
      rc::gen::just(std::to_string(INT64_MAX)));
  return rc::gen::build<Step>(
      rc::gen::set(&Step::kind, rc::gen::inRange(0, 9)), rc::gen::set(&Step::key, key),
      rc::gen::set(&Step::other_key, key), rc::gen::set(&Step::text, text),
      rc::gen::set(&Step::by, rc::gen::oneOf(rc::gen::arbitrary<std::int64_t>(),
                                             rc::gen::element<std::int64_t>(1, -1))));
}

void showValue(const Step& step, std::ostream& out) {
  out << step.kind << " '" << step.key << "' '" << step.other_key << "' '" << step.text << "' "
      << step.by;
}

/// What Redis's documentation says of each command, on a map.
class Model {
 public:
  Reply set(const Step& step, SetWhen when, bool get) {
    const auto found = map.find(step.key);
    const bool exists = found != map.end();
    const Reply old = exists ? value(found->second) : Reply{Nil{}};
    const bool may = when == SetWhen::always || (when == SetWhen::present) == exists;
    if (may) map[step.key] = step.text;
    if (get) return old;
    return may ? Reply{Ok{}} : Reply{Nil{}};
  }
  Reply remove(const Step& step) {
    return static_cast<std::int64_t>(map.erase(step.key) + map.erase(step.other_key));
  }
  Reply add_to(const Step& step) {
    const std::string before = map.contains(step.key) ? map[step.key] : "0";
    const auto number = parse_integer(before);
    if (!number) return Refusal{"ERR value is not an integer or out of range"};
    const __int128_t sum = static_cast<__int128_t>(*number) + step.by;
    if (sum > INT64_MAX || sum < INT64_MIN) {
      return Refusal{"ERR increment or decrement would overflow"};
    }
    map[step.key] = std::to_string(static_cast<std::int64_t>(sum));
    return static_cast<std::int64_t>(sum);
  }
  Reply append(const Step& step) {
    return static_cast<std::int64_t>((map[step.key] += step.text).size());
  }
  Reply set_many(const Step& step) {
    map[step.key] = step.text;
    map[step.other_key] = std::to_string(step.by);
    return Ok{};
  }

  std::map<std::string, std::string> map = {};
};

void run(Store& store, Model& model, const Step& step) {
  const ByteView key = view_of(step.key);
  const ByteView other = view_of(step.other_key);
  const ByteView text = view_of(step.text);
  switch (step.kind) {
    case 0:
      return RC_ASSERT(apply(store, DeleteCommand{.keys = {key, other}}) == model.remove(step));
    case 1:
      return RC_ASSERT(apply(store, AddCommand{.key = key, .by = step.by}) == model.add_to(step));
    case 2:
      return RC_ASSERT(apply(store, AppendCommand{.key = key, .value = text}) ==
                       model.append(step));
    case 3: {
      const std::string number = std::to_string(step.by);
      const SetManyCommand many{.pairs = {{key, text}, {other, view_of(number)}}};
      return RC_ASSERT(apply(store, many) == model.set_many(step));
    }
    default: {
      const auto when = static_cast<SetWhen>(step.kind % 3);
      const bool get = step.kind > 6;
      const SetCommand set{.key = key, .value = text, .when = when, .reply_old_value = get};
      return RC_ASSERT(apply(store, set) == model.set(step, when, get));
    }
  }
}

void expect_same(const Store& store, const Model& model) {
  RC_ASSERT(store.key_count() == model.map.size());
  for (const char* key : {"a", "b", "c", ""}) {
    const auto found = model.map.find(key);
    const Reply expected = found == model.map.end() ? Reply{Nil{}} : value(found->second);
    RC_ASSERT(ask(store, QueryKind::value, {key}) == expected);
    const auto length =
        static_cast<std::int64_t>(found == model.map.end() ? 0 : found->second.size());
    RC_ASSERT(ask(store, QueryKind::length, {key}) == Reply{length});
    RC_ASSERT(ask(store, QueryKind::exists, {key}) ==
              Reply{static_cast<std::int64_t>(model.map.count(key))});
  }
}

TEST(Store, AnswersAsAMapDoes) {
  EXPECT_TRUE(rc::check([] {
    Store store;
    Model model;
    for (const Step& step : *rc::gen::container<std::vector<Step>>(any_step()))
      run(store, model, step);
    expect_same(store, model);
  }));
}

TEST(Store, IsTheSameBehindASnapshot) {
  EXPECT_TRUE(rc::check([] {
    auto store = std::make_unique<Store>();
    Model model;
    for (const Step& step : *rc::gen::container<std::vector<Step>>(any_step()))
      run(*store, model, step);
    const std::string early = snapshot_of(*store);
    const auto image = store->snapshot();
    for (const Step& step : *rc::gen::container<std::vector<Step>>(any_step()))
      run(*store, model, step);
    StringSink late;
    RC_ASSERT((*image)->write_to(late).has_value());
    RC_ASSERT(late.written == early);

    Store other;
    const std::string snapshot = snapshot_of(*store);
    StringSource source{snapshot};
    RC_ASSERT(other.restore(source).has_value());
    for (const Step& step : *rc::gen::container<std::vector<Step>>(any_step()))
      run(other, model, step);
    expect_same(other, model);
  }));
}

}  // namespace
}  // namespace proa::kv
