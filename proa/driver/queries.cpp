#include "proa/driver/queries.hpp"

#include <utility>

namespace proa::driver {

void Queries::go_on(LogIndex applied) {
  if (busy_) return;
  while (!waiting_.empty() && waiting_.begin()->first <= applied && running_.size() < kBatchMax)
    running_.push_back(waiting_.extract(waiting_.begin()).mapped());
  if (running_.empty()) return;
  busy_ = true;
  Fn<void()> task = [this, runtime = runtime_, batch = running_, alive = alive_] {
    for (const std::shared_ptr<Query>& query : batch)
      query->run();
    runtime->loop().post([this, alive] {
      if (*alive) finished();
    });
  };
  if (!lane_.run_inline(task)) lane_.post(std::move(task));
}

void Queries::finished() {
  busy_ = false;
  events_.on_queried(take_running());
}

Queries::All Queries::take_waiting() {
  All all;
  for (auto& [index, query] : std::exchange(waiting_, {}))
    all.push_back(std::move(query));
  return all;
}

}  // namespace proa::driver
