#include "proa/testing/linearizability.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "proa/testing/detail/history_drawing.hpp"

namespace proa::testing {
namespace {

using Kind = Operation::Kind;

bool was_told(const Operation& operation, const Value& answer) {
  return !operation.answered || operation.answer == answer;
}

/// The value that follows, if the answer fits.
std::optional<Value> if_so(bool fits, Value after) {
  if (!fits) return std::nullopt;
  return std::optional<Value>{std::in_place, std::move(after)};
}

std::optional<Value> after_comparing(const Value& before, const Operation& operation) {
  const bool is_equal = before == operation.expected;
  return if_so(was_told(operation, is_equal ? "yes" : "no"),
               is_equal ? Value{operation.input} : before);
}

/// Of what is no number the server says so, which is an answer like others.
std::optional<Value> after_increment(const Value& before, const Operation& operation) {
  std::int64_t number = 0;
  if (before) {
    const char* end = before->data() + before->size();
    const auto [at, error] = std::from_chars(before->data(), end, number);
    if (error != std::errc{} || at != end) {
      return if_so(was_told(operation, std::nullopt), before);
    }
  }
  const std::string sum = std::to_string(number + 1);
  return if_so(was_told(operation, sum), sum);
}

/// For each operation, sorted by their calls, the last one before it that does the same for all
/// that anybody can see. If the outcomes of both are unknown, the later one need not be tried in a
/// place where the earlier one could be.
std::vector<std::optional<std::size_t>> alike_before(const std::vector<const Operation*>& sorted) {
  std::set<std::string_view> told;  // values that somebody was told or has asked to compare with
  bool is_counted = false;          // whether a value is a number makes a difference
  for (const Operation* operation : sorted) {
    if (operation->kind == Kind::read && operation->answer) told.insert(*operation->answer);
    if (operation->expected) told.insert(*operation->expected);
    is_counted = is_counted || operation->kind == Kind::increment;
  }
  using Effect = std::tuple<Kind, Value, std::string_view>;
  std::map<Effect, std::size_t> last;
  std::vector<std::optional<std::size_t>> before(sorted.size());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const bool is_seen = is_counted || told.contains(sorted[i]->input);
    const Effect effect{sorted[i]->kind, sorted[i]->expected,
                        is_seen ? std::string_view{sorted[i]->input} : std::string_view{}};
    if (const auto found = last.find(effect); found != last.end()) before[i] = found->second;
    last[effect] = i;
  }
  return before;
}

/// The search for an order of the operations of one key.
class Search {
 public:
  Search(std::vector<const Operation*> operations, const DataModel& model,
         const SearchLimits& limits)
      : operations_(std::move(operations)), model_(model), steps_max_(limits.steps_max) {
    std::ranges::stable_sort(operations_, {}, &Operation::called);
    alike_ = alike_before(operations_);
  }

  Verdict run() {
    const Verdict whole = try_until(Instant::never());
    if (whole != Verdict::not_linearizable) return whole;
    shorten();
    return whole;
  }
  std::string drawing() const { return draw(unexplained_); }

 private:
  /// A call or an answer, in a list from which an operation is taken when it has found its place.
  struct Event {
    std::size_t operation = 0;
    bool is_call = false;
    std::size_t previous = 0;
    std::size_t next = 0;
  };
  struct Placed {
    std::size_t call = 0;  ///< its event
    Value before = {};
  };
  static constexpr std::size_t kHead = 0;
  static constexpr int kLastRank = 2;

  // A history without an order has none however it goes on, so there is a first moment at which it
  // has none: what comes later explains nothing.
  void shorten() {
    std::vector<Instant> ends;
    for (const Operation* operation : operations_) {
      if (operation->answered) ends.push_back(*operation->answered);
    }
    std::ranges::sort(ends);
    const auto has_order = [this](Instant end) {
      return try_until(end) != Verdict::not_linearizable;
    };
    const auto first = std::ranges::partition_point(ends, has_order);
    if (first == ends.end() || has_order(*first)) has_order(Instant::never());
  }

  /// What is answered after `end` is as if it were not answered yet.
  Verdict try_until(Instant end) {
    list_events(end);
    tried_.clear();
    placed_.clear();
    has_place_.assign(operations_.size(), false);
    unexplained_ = {};
    Value value;
    std::uint64_t steps = 0;
    std::size_t at = next_call(kHead);
    while (answers_left_ > 0) {
      if (at != kHead) {
        if (++steps > steps_max_) return Verdict::undecided;
        at = next_call(place(at, value) ? kHead : at);
        continue;
      }
      note_longest(value);
      // Where something that only looks fits, no other place is better: it is taken back at once.
      do {
        if (placed_.empty()) return Verdict::not_linearizable;
        at = take_back(value);
      } while (only_looks(events_[at].operation));
      at = next_call(at);
    }
    return Verdict::linearizable;
  }

  /// Of the calls before the first answer, any of which may come next, the one to try after `at`;
  /// kHead, at the beginning as at the end. What changes nothing comes first, since it can be
  /// placed without a loss, and what may have happened at any time later comes last.
  std::size_t next_call(std::size_t at) const {
    int rank = at == kHead ? 0 : rank_of(events_[at].operation);
    for (;;) {
      at = events_[at].next;
      if (events_[at].is_call) {
        if (rank_of(events_[at].operation) == rank) return at;
      } else if (++rank > kLastRank) {
        return kHead;
      } else {
        at = kHead;
      }
    }
  }
  int rank_of(std::size_t operation) const {
    if (!is_answered(operation)) return kLastRank;
    return only_looks(operation) ? 0 : 1;
  }
  /// With its answer it has changed nothing, wherever its place is.
  bool only_looks(std::size_t operation) const {
    const Operation& it = *operations_[operation];
    const bool is_refusal = it.kind == Kind::compare_and_set || it.kind == Kind::remove;
    return is_answered(operation) &&
           (it.kind == Kind::read || (is_refusal && it.answer == Value{"no"}));
  }

  void list_events(Instant end) {
    struct Moment {
      Instant at = {};
      bool is_answer = false;  ///< of one time the calls come first: they overlap
      std::size_t operation = 0;
    };
    std::vector<Moment> moments;
    calls_.assign(operations_.size(), kHead);
    answers_.assign(operations_.size(), kHead);
    answers_left_ = 0;
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      const Operation& operation = *operations_[i];
      if (end < operation.called) continue;
      moments.push_back({.at = operation.called, .operation = i});
      if (!operation.answered || end < *operation.answered) continue;
      moments.push_back({.at = *operation.answered, .is_answer = true, .operation = i});
      ++answers_left_;
    }
    std::ranges::stable_sort(
        moments, {}, [](const Moment& moment) { return std::pair{moment.at, moment.is_answer}; });
    events_.assign(1, {});
    for (const Moment& moment : moments) {
      const std::size_t at = events_.size();
      events_.push_back({.operation = moment.operation, .is_call = !moment.is_answer});
      (moment.is_answer ? answers_ : calls_)[moment.operation] = at;
    }
    for (std::size_t at = 0; at < events_.size(); ++at) {
      events_[at].next = (at + 1) % events_.size();
      events_[at].previous = (at + events_.size() - 1) % events_.size();
    }
  }

  /// It has begun, nobody knows its outcome, and it has no place.
  bool is_open(std::optional<std::size_t> operation) const {
    return operation && calls_[*operation] != kHead && !is_answered(*operation) &&
           !has_place_[*operation];
  }

  /// Its answer is among the events; else it is as if the outcome were unknown.
  bool is_answered(std::size_t operation) const { return answers_[operation] != kHead; }

  std::optional<Value> after(const Value& value, std::size_t operation) const {
    if (is_answered(operation) || !operations_[operation]->answered) {
      return model_.after(value, *operations_[operation]);
    }
    Operation open = *operations_[operation];
    open.answered.reset();
    return model_.after(value, open);
  }

  /// False: it does not fit here, or this was tried before.
  bool place(std::size_t call, Value& value) {
    const std::size_t operation = events_[call].operation;
    if (!is_answered(operation) && is_open(alike_[operation])) return false;
    std::optional<Value> next = after(value, operation);
    if (!next || is_idle(operation, value, *next)) return false;
    has_place_[operation] = true;
    if (!tried_.insert(memory_of(*next)).second) {
      has_place_[operation] = false;
      return false;
    }
    placed_.push_back({.call = call, .before = std::exchange(value, *std::move(next))});
    unlink(call);
    if (!is_answered(operation)) return true;
    unlink(answers_[operation]);
    --answers_left_;
    return true;
  }

  /// What may not have happened is no explanation if all goes on without it: an operation whose
  /// outcome nobody knows must change something, and what comes behind it must notice.
  bool is_idle(std::size_t operation, const Value& value, const Value& next) const {
    if (!is_answered(operation) && next == value) return true;
    if (placed_.empty() || is_answered(events_[placed_.back().call].operation)) return false;
    const std::optional<Value> without = after(placed_.back().before, operation);
    return without && *without == next;
  }

  std::size_t take_back(Value& value) {
    const Placed last = std::move(placed_.back());
    placed_.pop_back();
    const std::size_t operation = events_[last.call].operation;
    if (is_answered(operation)) {
      relink(answers_[operation]);
      ++answers_left_;
    }
    relink(last.call);
    has_place_[operation] = false;
    value = last.before;
    return last.call;
  }

  void unlink(std::size_t at) {
    events_[events_[at].previous].next = events_[at].next;
    events_[events_[at].next].previous = events_[at].previous;
  }
  void relink(std::size_t at) {
    events_[events_[at].previous].next = at;
    events_[events_[at].next].previous = at;
  }

  /// Which operations have a place, and the value behind them: from there on all is the same.
  std::string memory_of(const Value& value) const {
    constexpr std::size_t kBits = 8;
    std::string memory(has_place_.size() / kBits + 1, '\0');
    for (std::size_t i = 0; i < has_place_.size(); ++i) {
      if (has_place_[i]) memory[i / kBits] = static_cast<char>(memory[i / kBits] | 1 << i % kBits);
    }
    return value ? memory + "=" + *value : memory;
  }

  void note_longest(const Value& value) {
    // Of equal ones that without those which may never have happened.
    const bool is_longer =
        unexplained_.operations.empty() || answers_left_ < fewest_left_ ||
        (answers_left_ == fewest_left_ && placed_.size() < unexplained_.order.size());
    if (!is_longer) return;
    fewest_left_ = answers_left_;
    unexplained_ = {.held = value};
    std::vector<std::size_t> numbers(operations_.size());
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      if (calls_[i] == kHead) continue;
      numbers[i] = unexplained_.operations.size();
      unexplained_.operations.push_back(*operations_[i]);
      if (!is_answered(i)) unexplained_.operations.back().answered.reset();
      unexplained_.has_place.push_back(has_place_[i]);
    }
    for (const Placed& placed : placed_)
      unexplained_.order.push_back(numbers[events_[placed.call].operation]);
  }

  std::vector<const Operation*> operations_;  ///< in the order of their calls
  const DataModel& model_;
  std::uint64_t steps_max_;
  std::vector<std::optional<std::size_t>> alike_;  ///< by operation: see alike_before
  std::vector<Event> events_;                      ///< [0] is the head of the list
  std::vector<std::size_t> calls_;                 ///< by operation: its event
  std::vector<std::size_t> answers_;               ///< likewise; the head: there is none
  std::size_t answers_left_ = 0;
  std::size_t fewest_left_ = 0;  ///< in the longest order there was
  std::vector<Placed> placed_;
  std::vector<bool> has_place_;
  std::set<std::string> tried_;
  Unexplained unexplained_;
};

}  // namespace

std::optional<Value> RegisterModel::after(const Value& before, const Operation& operation) const {
  switch (operation.kind) {
    case Kind::read:
      return if_so(was_told(operation, before), before);
    case Kind::write:
      return if_so(true, operation.input);
    case Kind::compare_and_set:
      return after_comparing(before, operation);
    case Kind::remove:
    case Kind::increment:
      return std::nullopt;  // a register does not have that
  }
  return std::nullopt;
}

std::optional<Value> KeyValueModel::after(const Value& before, const Operation& operation) const {
  switch (operation.kind) {
    case Kind::remove:
      return if_so(was_told(operation, before ? "yes" : "no"), std::nullopt);
    case Kind::increment:
      return after_increment(before, operation);
    case Kind::read:
    case Kind::write:
    case Kind::compare_and_set:
      return RegisterModel{}.after(before, operation);
  }
  return std::nullopt;
}

Judgement judge(const std::vector<Operation>& history, const DataModel& model,
                const SearchLimits& limits) {
  std::map<std::string_view, std::vector<const Operation*>> keys;
  for (const Operation& operation : history) {
    // What nobody knows the answer of explains nothing if it changes nothing.
    if (operation.kind == Kind::read && !operation.answered) continue;
    keys[operation.key].push_back(&operation);
  }
  Judgement judgement;
  for (auto& [key, operations] : keys) {
    Search search{std::move(operations), model, limits};
    const Verdict verdict = search.run();
    if (verdict == Verdict::linearizable) continue;
    judgement = {.verdict = verdict, .key = std::string(key)};
    if (verdict == Verdict::undecided) continue;
    judgement.drawing = search.drawing();
    break;
  }
  return judgement;
}

}  // namespace proa::testing
