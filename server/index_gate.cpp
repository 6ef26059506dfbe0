#include "server/detail/index_gate.hpp"

#include <utility>

namespace proa::server {

namespace {
constexpr std::size_t kUnderWayMax = 4;
}  // namespace

IndexGate::IndexGate(std::shared_ptr<Runtime> runtime, Source source)
    : runtime_(std::move(runtime)), source_(std::move(source)) {}

void IndexGate::ask(Done done) {
  waiting_.push_back(std::move(done));
  issue_later();
}

// Behind the input that is ready now: its reads share the question.
void IndexGate::issue_later() {
  if (std::exchange(will_issue_, true)) return;
  runtime_->loop().post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->will_issue_ = false;
    self->issue();
  });
}

void IndexGate::issue() {
  if (waiting_.empty() || under_way_ >= kUnderWayMax) return;
  ++under_way_;
  source_([self = shared_from_this(), asked = std::exchange(waiting_, {})](
              Result<LogIndex> index) mutable { self->answered(std::move(asked), index); });
}

void IndexGate::answered(std::vector<Done> asked, const Result<LogIndex>& index) {
  PROA_ASSERT(under_way_ > 0);
  --under_way_;
  for (Done& done : asked)
    done(index);
  issue_later();
}

}  // namespace proa::server
