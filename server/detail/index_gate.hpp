#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "proa/base/fn.hpp"
#include "proa/base/ids.hpp"
#include "proa/base/result.hpp"
#include "proa/port/runtime.hpp"

namespace proa::server {

/// Shares read indexes: whoever asks before a question leaves gets its answer, and at most a few
/// questions are under way, so that the rest gathers for the next one. An answer is only given to
/// those that asked before its question was put. Threads: the loop.
class IndexGate : public std::enable_shared_from_this<IndexGate> {
 public:
  using Done = Fn<void(Result<LogIndex>)>;
  /// Puts one question; calls back once, never inside the call.
  using Source = Fn<void(Done)>;

  IndexGate(std::shared_ptr<Runtime> runtime, Source source);
  void ask(Done done);

 private:
  void issue_later();
  void issue();
  void answered(std::vector<Done> asked, const Result<LogIndex>& index);

  std::shared_ptr<Runtime> runtime_;
  Source source_;
  std::vector<Done> waiting_ = {};
  std::size_t under_way_ = 0;
  bool will_issue_ = false;
};

}  // namespace proa::server
