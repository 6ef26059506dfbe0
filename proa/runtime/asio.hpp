#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <utility>

#include "proa/port/future.hpp"
#include "proa/runtime/asio_runtime.hpp"

// For programs that run a boost::asio::io_context of their own. The only public header that names
// Asio.

namespace proa {

/// A runtime whose loop is `io`, which one thread runs and which must outlive it. While a node is
/// created or destroyed on another thread, `io` must be running, since both wait for the loop; on
/// the loop itself a node may be created but not destroyed. A task of a lane must not be the last
/// owner. Input that is ready together is still stepped together: the end of a turn is put behind
/// it by posting twice. Errors: io_error.
Result<std::shared_ptr<AsioRuntime>> make_runtime(boost::asio::io_context& io,
                                                  const RuntimeOptions& options = {});

/// Waits for a future the way Asio waits: with a callback, or `co_await
/// async_get(std::move(future), boost::asio::use_awaitable)`, which gives a Result<T>. Runs on the
/// handler's executor.
template <class T, class CompletionToken>
auto async_get(Future<T> future, CompletionToken&& token) {
  return boost::asio::async_initiate<CompletionToken, void(Result<T>)>(
      [](auto handler, Future<T> awaited) {
        // The executor must not run out of work while the future is open.
        auto executor = boost::asio::get_associated_executor(handler);
        auto work = boost::asio::make_work_guard(executor);
        std::move(awaited).then(
            [handler = std::move(handler), work = std::move(work)](Result<T> result) mutable {
              const auto on = work.get_executor();
              boost::asio::dispatch(
                  on, [handler = std::move(handler), result = std::move(result)]() mutable {
                    std::move(handler)(std::move(result));
                  });
            });
      },
      token, std::move(future));
}

}  // namespace proa
