#pragma once

#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include "proa/base/assert.hpp"
#include "proa/base/result.hpp"
#include "proa/port/future.hpp"

namespace proa {

/// How fresh the state must be that a read sees (thesis §6.4).
enum class ReadLevel : std::uint8_t {
  linearizable,  ///< everything acknowledged before the read began; a majority confirms the leader
  leader,        ///< the same, unless another leader was elected of which this one has not heard
  stale          ///< whatever this server has applied, whether it leads or not
};

namespace query_detail {

template <class R>
struct Flattened {
  using type = std::decay_t<R>;
};
template <class T>
struct Flattened<Result<T>> {
  using type = T;
};

}  // namespace query_detail

/// What a read of `F` gives: what the query returns, or the T of a Result<T>.
template <class F>
using QueryResult = typename query_detail::Flattened<std::invoke_result_t<F&>>::type;

/// A query and who asked it. run() shares nothing with the other two, so that a caller can be
/// refused while the query runs. Threads: run on the fsm lane; the others on the loop.
class Query {
 public:
  virtual ~Query() = default;
  virtual void run() = 0;
  virtual void complete() = 0;         ///< after run(), at the end of a turn
  virtual void refuse(Error why) = 0;  ///< at the end of a turn; what it has returned is dropped
};

template <class F>
class QueryOf final : public Query {
 public:
  using Value = QueryResult<F>;

  QueryOf(F query, Promise<Value> promise)
      : query_(std::move(query)), promise_(std::move(promise)) {}

  void run() override {
    const bool query_threw = [this] {
      try {
        result_.emplace(call());
        return false;
      } catch (...) {
        return true;
      }
    }();
    PROA_ASSERT(!query_threw);
  }
  void complete() override {
    if (!promise_) return;
    PROA_ASSERT(result_.has_value());
    take_promise().complete(std::move(*result_));
  }
  void refuse(Error why) override {
    if (promise_) take_promise().complete(fail(std::move(why)));
  }

 private:
  Result<Value> call() {
    using Returned = std::invoke_result_t<F&>;
    if constexpr (std::is_void_v<Returned>) {
      query_();
      return {};
    } else {
      return query_();
    }
  }
  Promise<Value> take_promise() {
    Promise<Value> taken = std::move(*promise_);
    promise_.reset();
    return taken;
  }

  F query_;
  std::optional<Result<Value>> result_;
  std::optional<Promise<Value>> promise_;
};

}  // namespace proa
