#include "bench/cluster/load.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace proa::bench {
namespace {

enum class Phase : int { warm_up, measured, over };

/// What all clients of one run share.
struct Run {
  Run(Raft& raft_in, Runtime& runtime_in, const LoadOptions& options_in)
      : raft(raft_in),
        runtime(runtime_in),
        options(options_in),
        command(bytes_of(std::string(options_in.command_bytes, 'x'))) {}

  Raft& raft;
  Runtime& runtime;
  const LoadOptions options;
  const SharedBytes command;
  std::atomic<Phase> phase = Phase::warm_up;
  std::mutex mutex;  ///< guards all below
  std::condition_variable changed;
  std::size_t active = 0;
  std::vector<std::size_t> idle;  ///< clients whose command has completed (Proposers::thread)
  LoadResult result = {};
};

/// Of one thread that completes commands; added to the run at the end.
struct Local {
  Histogram latency = {};
  std::uint64_t commits = 0;
  std::uint64_t errors = 0;

  void count(const Run& run, Instant began, bool done) {
    if (run.phase.load(std::memory_order_relaxed) != Phase::measured) return;
    if (!done) {
      ++errors;
      return;
    }
    ++commits;
    latency.record(run.runtime.now() - began);
  }

  void add_to(LoadResult& result) const {
    result.latency.add(latency);
    result.commits += commits;
    result.errors += errors;
  }
};

void leave(Run& run, std::size_t clients) {
  const std::lock_guard lock(run.mutex);
  run.active -= clients;
  run.changed.notify_all();
}

/// Proposers::loop: the callback of one command proposes the next.
void propose_on_loop(Run& run, Local& local) {
  const Instant began = run.runtime.now();
  run.raft.apply(run.command).then([&run, &local, began](const Result<Applied>& applied) {
    local.count(run, began, applied.has_value());
    if (run.phase.load(std::memory_order_relaxed) == Phase::over) return leave(run, 1);
    propose_on_loop(run, local);
  });
}

/// Hands clients back to the thread that proposes: once for all whose commands a turn completed,
/// since to wake a thread for each would cost more than the command. Threads: the loop.
class HandBack {
 public:
  explicit HandBack(Run& run) : run_(run) {}

  void add(std::size_t client) {
    done_.push_back(client);
    if (done_.size() == 1) run_.runtime.loop().post([this] { flush(); });
  }

 private:
  void flush() {
    const std::lock_guard lock(run_.mutex);
    run_.idle.insert(run_.idle.end(), done_.begin(), done_.end());
    done_.clear();
    run_.changed.notify_all();
  }

  Run& run_;
  std::vector<std::size_t> done_;
};

/// Proposers::thread: one apply() for each command.
void propose_from_thread(Run& run, Local& local) {
  HandBack hand_back(run);
  std::vector<Instant> began(run.options.clients);
  std::vector<std::size_t> ready(run.options.clients);
  for (std::size_t i = 0; i < ready.size(); ++i)
    ready[i] = i;
  while (true) {
    for (const std::size_t client : ready) {
      began[client] = run.runtime.now();
      run.raft.apply(run.command).then([&, client](const Result<Applied>& applied) {
        local.count(run, began[client], applied.has_value());
        hand_back.add(client);
      });
    }
    ready.clear();
    std::unique_lock lock(run.mutex);
    const bool over = run.phase == Phase::over;
    run.changed.wait(
        lock, [&] { return over ? run.idle.size() == run.options.clients : !run.idle.empty(); });
    if (over) break;
    if (run.phase == Phase::over) continue;  // wait for all of them, propose nothing
    ready.swap(run.idle);
  }
  leave(run, run.options.clients);
}

/// Proposers::blocking.
void propose_and_wait(Run& run) {
  Local local;
  while (run.phase != Phase::over) {
    const Instant began = run.runtime.now();
    local.count(run, began, run.raft.apply(run.command).get().has_value());
  }
  const std::lock_guard lock(run.mutex);
  local.add_to(run.result);
  --run.active;
  run.changed.notify_all();
}

std::vector<std::thread> start_clients(Run& run, Local& local) {
  std::vector<std::thread> threads;
  run.active = run.options.clients;
  switch (run.options.proposers) {
    case Proposers::loop:
      run.runtime.loop().post([&run, &local] {
        for (std::size_t i = 0; i < run.options.clients; ++i)
          propose_on_loop(run, local);
      });
      break;
    case Proposers::thread:
      threads.emplace_back([&run, &local] { propose_from_thread(run, local); });
      break;
    case Proposers::blocking:
      for (std::size_t i = 0; i < run.options.clients; ++i)
        threads.emplace_back([&run] { propose_and_wait(run); });
      break;
  }
  return threads;
}

}  // namespace

LoadResult run_load(Raft& raft, Runtime& runtime, const LoadOptions& options, Fn<void()> begin,
                    Fn<void()> end) {
  Run run{raft, runtime, options};
  Local local;
  std::vector<std::thread> threads = start_clients(run, local);
  std::this_thread::sleep_for(options.warm_up);
  begin();
  const Instant began = runtime.now();
  run.phase = Phase::measured;
  std::this_thread::sleep_for(options.measured);
  run.phase = Phase::over;
  run.result.took = runtime.now() - began;
  end();
  std::unique_lock lock(run.mutex);
  run.changed.wait(lock, [&] { return run.active == 0; });
  lock.unlock();
  for (std::thread& thread : threads)
    thread.join();
  if (options.proposers != Proposers::blocking) local.add_to(run.result);
  return std::move(run.result);
}

}  // namespace proa::bench
