#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "proa/base/logger.hpp"

namespace proa {

/// Closes a connection, if there are as many as its options allow. Those whose other end has
/// vanished without a word would pile up. The one that has been silent longest is the least likely
/// to be missed, and its owner can dial again. Threads: the loop.
template <class Connection, class Context>
void make_room(std::map<std::uint64_t, std::shared_ptr<Connection>>& accepted,
               const Context& context) {
  const std::size_t most = context.options.connections_max;
  if (accepted.size() < most) return;
  const auto silent = std::ranges::min_element(
      accepted, {}, [](const auto& numbered) { return numbered.second->heard_at(); });
  context.log(LogLevel::warn, "connection from " + silent->second->remote() +
                                  " is closed, it was silent longest: connections_max = " +
                                  std::to_string(most) + " is reached");
  silent->second->close();
  accepted.erase(silent);
}

}  // namespace proa
