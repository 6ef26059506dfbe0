#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proa/base/result.hpp"
#include "proa/base/time.hpp"

namespace proa::testing {

/// What is there for a key; nothing: it is not.
using Value = std::optional<std::string>;

/// What a client asked for, on one key, and what it was told.
struct Operation {
  enum class Kind : std::uint8_t {
    read,             ///< answer: the value
    write,            ///< of `input`
    compare_and_set,  ///< to `input` if it is `expected`; answer: `yes` or `no`
    remove,           ///< answer: `yes` if it was there, else `no`
    increment,        ///< of a number, 0 if it is not there; answer: the new one
  };
  static constexpr std::size_t kKinds = 5;
  Kind kind = Kind::read;
  std::size_t client = 0;
  std::string key = {};
  std::string input = {};
  Value expected = {};
  Value answer = {};
  Instant called = {};
  /// Nothing: the outcome is unknown. It takes effect at any time after `called`, or never.
  std::optional<Instant> answered = {};
  friend bool operator==(const Operation&, const Operation&) = default;
};

/// How a data type behaves, one operation after the other.
class DataModel {
 public:
  virtual ~DataModel() = default;
  /// The value afterwards; nothing if it cannot have been answered like that. An answer that is
  /// unknown fits.
  virtual std::optional<Value> after(const Value& before, const Operation& operation) const = 0;
};

/// A register: read, write, compare_and_set. Nothing in it at the beginning.
class RegisterModel final : public DataModel {
 public:
  std::optional<Value> after(const Value& before, const Operation& operation) const override;
};

/// A key of a key-value store: all operations.
class KeyValueModel final : public DataModel {
 public:
  std::optional<Value> after(const Value& before, const Operation& operation) const override;
};

enum class Verdict : std::uint8_t {
  linearizable,
  not_linearizable,
  undecided,  ///< the search was longer than its limit
};

struct Judgement {
  Verdict verdict = Verdict::linearizable;
  std::string key = {};      ///< of which there is no order, or the search was too long
  std::string drawing = {};  ///< of what has no order: for people, several lines
};

struct SearchLimits {
  std::uint64_t steps_max = 1'000'000;  ///< of one key: operations tried
};

/// Whether what happened could have happened one after the other, each operation at a moment
/// between its call and its answer (Herlihy and Wing 1990). Each key by itself, since a history is
/// linearizable if those of its keys are. By Wing and Gong's search with Lowe's memory of
/// what was tried (Testing for linearizability, 2016).
Judgement judge(const std::vector<Operation>& history, const DataModel& model,
                const SearchLimits& limits = {});

/// A line each, to keep a history: times in nanoseconds, what is unusual in a text as %xx.
///     c3 12000..13500 'k1' write 'a'
///     c1 12500..13000 'k1' read = 'a'
///     c2 12700..? 'k1' increment
std::string to_text(const std::vector<Operation>& history);
/// What begins with # is for people. Errors: corrupt, naming the line.
Result<std::vector<Operation>> parse_history(std::string_view text);

}  // namespace proa::testing
