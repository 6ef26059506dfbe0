#include "proa/testing/choices.hpp"

#include <algorithm>
#include <numeric>

#include "proa/base/checksum.hpp"

namespace proa::testing {

Choices Choices::apart(std::string name) const {
  Random ahead = random_;
  const std::uint64_t seed = ahead.next() ^ crc64(view_of(name));
  return {seed, deck_, std::move(name)};
}

std::size_t Choices::weighted(std::span<const std::uint64_t> weights) {
  const std::uint64_t sum = std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
  std::uint64_t left = random_.below(std::max<std::uint64_t>(sum, 1));
  std::size_t index = 0;
  while (index + 1 < weights.size() && left >= weights[index])
    left -= weights[index++];
  return decide(index, weights.size() - 1);
}

std::uint64_t Choices::decide_on_tape(std::uint64_t drawn, std::uint64_t most) {
  if (queue_ == UINT32_MAX) begin("draw");
  return deck_->decide(queue_, drawn, most);
}

/// By the address of the literal first: that is found at once.
void Choices::turn_to(const char* kind) {
  for (const auto& [known, queue] : queues_) {
    if (known != kind) continue;
    queue_ = queue;
    return;
  }
  queue_ = deck_->queue(part_ + " " + kind);
  queues_.emplace_back(kind, queue_);
}

}  // namespace proa::testing
