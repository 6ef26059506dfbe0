#pragma once

#include <cstddef>
#include <variant>
#include <vector>

#include "proa/base/bytes.hpp"
#include "proa/model/entry.hpp"
#include "proa/port/applied.hpp"
#include "proa/port/future.hpp"

namespace proa::driver {

/// Who waits for an entry, if anybody: a command, or what only wants to know the index.
using Waiter = std::variant<std::monostate, Promise<Applied>, Promise<LogIndex>>;

inline bool waits(const Waiter& waiter) { return waiter.index() != 0; }
void complete_waiter(Waiter& waiter, Result<Applied> result);  ///< asserts that somebody waits

/// What a caller wants in the log.
struct Proposal {
  EntryKind kind = EntryKind::command;  ///< or barrier
  SharedBytes data = {};
  SharedBytes extensions = {};
  Waiter waiter = {};

  std::size_t bytes() const { return data.size() + extensions.size(); }
};

}  // namespace proa::driver
