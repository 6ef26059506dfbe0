#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "proa/base/assert.hpp"
#include "proa/base/fn.hpp"
#include "proa/base/result.hpp"
#include "proa/port/runtime.hpp"

namespace proa {

template <class T>
class Promise;

namespace future_detail {

/// How far the two ends of a future have come. Each moves it on once; who comes second does the
/// work of both.
enum class Stage : std::uint8_t {
  open,      ///< neither end has done anything
  awaited,   ///< somebody blocks until it is `complete`
  listened,  ///< `callback` and `where` are set
  complete,  ///< `result` is set
};

/// What Future and Promise share. The callback, or the waiter, takes the result exactly once.
template <class T>
struct Shared {
  explicit Shared(std::shared_ptr<Runtime> on) : runtime(std::move(on)) {}

  std::shared_ptr<Runtime> runtime;
  std::atomic<Stage> stage = Stage::open;
  std::optional<Result<T>> result;
  Fn<void(Result<T>)> callback;
  Executor* where = nullptr;  ///< nullptr: the loop, at the end of a turn
};

template <class T>
void deliver(Executor* where, Fn<void(Result<T>)> callback, Result<T> result) {
  if (where == nullptr) return callback(std::move(result));
  where->post([callback = std::move(callback), result = std::move(result)]() mutable {
    callback(std::move(result));
  });
}

}  // namespace future_detail

/// The outcome of an operation that finishes later. Move-only, consumed once. Threads: any.
template <class T>
class [[nodiscard]] Future {
 public:
  Future(Future&&) noexcept = default;
  Future& operator=(Future&&) noexcept = default;

  /// Blocks until it is there. Asserts that it is on no loop, on no lane and not in the simulator.
  Result<T> get() && {
    PROA_ASSERT(shared_ != nullptr);
    PROA_ASSERT(shared_->runtime == nullptr || shared_->runtime->may_block());
    const auto shared = std::move(shared_);
    Stage stage = Stage::open;
    if (shared->stage.compare_exchange_strong(stage, Stage::awaited)) stage = Stage::awaited;
    while (stage != Stage::complete) {
      shared->stage.wait(stage);
      stage = shared->stage.load();
    }
    return std::move(*shared->result);
  }

  /// Runs `callback` on the loop at the end of a turn; never inside the call that made the future.
  void then(Fn<void(Result<T>)> callback) && { set(nullptr, std::move(callback)); }
  /// Runs `callback` on `where`, which must outlive the operation.
  void then(Executor& where, Fn<void(Result<T>)> callback) && { set(&where, std::move(callback)); }

  /// Completes with Errc::deadline, Outcome::unknown after `limit`; the operation goes on.
  Future within(Duration limit) &&;

 private:
  friend class Promise<T>;
  using Stage = future_detail::Stage;
  explicit Future(std::shared_ptr<future_detail::Shared<T>> shared) : shared_(std::move(shared)) {}

  void set(Executor* where, Fn<void(Result<T>)> callback) {
    PROA_ASSERT(shared_ != nullptr);
    const auto shared = std::move(shared_);
    Stage stage = shared->stage.load(std::memory_order_acquire);
    if (stage == Stage::open) {
      shared->where = where;
      shared->callback = std::move(callback);
      if (shared->stage.compare_exchange_strong(stage, Stage::listened)) return;
      callback = std::move(shared->callback);  // it was completed meanwhile
    }
    Result<T> result = std::move(*shared->result);
    if (where != nullptr || shared->runtime == nullptr) {
      return future_detail::deliver(where, std::move(callback), std::move(result));
    }
    Runtime& runtime = *shared->runtime;
    runtime.loop().post(
        [shared, callback = std::move(callback), result = std::move(result)]() mutable {
          Runtime& on = *shared->runtime;
          on.at_turn_end([shared, callback = std::move(callback),
                          result = std::move(result)]() mutable { callback(std::move(result)); });
        });
  }

  std::shared_ptr<future_detail::Shared<T>> shared_;
};

/// The other end: completes its future exactly once. A promise that is destroyed uncompleted
/// asserts, so that no caller waits for ever. Threads: complete on the loop, in step 8 of the turn.
template <class T>
class Promise {
 public:
  /// `runtime` may be null where there is no loop yet; the callback then runs where it is set or
  /// where the promise is completed.
  explicit Promise(std::shared_ptr<Runtime> runtime)
      : shared_(std::make_shared<future_detail::Shared<T>>(std::move(runtime))) {}
  Promise(Promise&&) noexcept = default;
  Promise& operator=(Promise&& other) noexcept {
    PROA_ASSERT(shared_ == nullptr);
    shared_ = std::move(other.shared_);
    return *this;
  }
  ~Promise() { PROA_ASSERT(shared_ == nullptr || abandoned()); }

  Future<T> future() const { return Future<T>{shared_}; }  ///< call once

  void complete(Result<T> result) {
    PROA_ASSERT(shared_ != nullptr);
    const auto shared = std::move(shared_);
    if (shared->stage.load(std::memory_order_acquire) == Stage::listened) {
      return deliver(*shared, std::move(result));
    }
    shared->result.emplace(std::move(result));
    Stage stage = Stage::open;
    if (shared->stage.compare_exchange_strong(stage, Stage::complete)) return;
    if (stage == Stage::listened) return deliver(*shared, std::move(*shared->result));
    shared->stage.store(Stage::complete);
    shared->stage.notify_one();
  }

 private:
  using Stage = future_detail::Stage;

  static void deliver(future_detail::Shared<T>& shared, Result<T> result) {
    future_detail::deliver(shared.where, std::move(shared.callback), std::move(result));
  }
  /// The process has crashed in the simulator: nobody is left to wait.
  bool abandoned() const { return shared_->runtime != nullptr && shared_->runtime->ended(); }

  std::shared_ptr<future_detail::Shared<T>> shared_;
};

template <class T>
Future<T> Future<T>::within(Duration limit) && {
  PROA_ASSERT(shared_ != nullptr);
  PROA_ASSERT(shared_->runtime != nullptr);
  // Whichever of the two comes first takes the promise out; both run on the loop.
  struct Race {
    explicit Race(std::shared_ptr<Runtime> on) : promise(Promise<T>{std::move(on)}) {}
    std::optional<Promise<T>> promise;
    TimerId timer = {};
    void finish(Result<T> result) {
      if (!promise.has_value()) return;
      Promise<T> taken = std::move(*promise);
      promise.reset();
      taken.complete(std::move(result));
    }
  };
  const std::shared_ptr<Runtime> runtime = shared_->runtime;
  auto race = std::make_shared<Race>(runtime);
  Future limited = race->promise->future();
  runtime->loop().post([race, runtime = runtime.get(), limit] {
    if (!race->promise.has_value()) return;
    race->timer = runtime->start_timer(runtime->now() + limit, [race, runtime, limit] {
      runtime->at_turn_end([race, limit] {
        race->finish(fail(Error{
            .code = Errc::deadline,
            .outcome = Outcome::unknown,
            .detail = "not complete within " + to_string(limit) + "; the operation goes on"}));
      });
    });
  });
  std::move(*this).then([race, runtime = runtime.get()](Result<T> result) {
    runtime->cancel_timer(race->timer);
    race->finish(std::move(result));
  });
  return limited;
}

}  // namespace proa
