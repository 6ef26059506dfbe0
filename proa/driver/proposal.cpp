#include "proa/driver/proposal.hpp"

#include <utility>

namespace proa::driver {

void complete_waiter(Waiter& waiter, Result<Applied> result) {
  PROA_ASSERT(waits(waiter));
  Waiter taken = std::exchange(waiter, std::monostate{});
  if (auto* command = std::get_if<Promise<Applied>>(&taken)) {
    return command->complete(std::move(result));
  }
  auto& index = std::get<Promise<LogIndex>>(taken);
  if (!result) return index.complete(fail(std::move(result).error()));
  index.complete(result->index);
}

}  // namespace proa::driver
