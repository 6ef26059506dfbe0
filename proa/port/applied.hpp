#pragma once

#include <any>

#include "proa/base/ids.hpp"

namespace proa {

/// What became of a command: its place in the log and what the state machine answered.
struct Applied {
  LogIndex index = {};
  Term term = {};
  std::any response = {};  ///< empty if the state machine set none
};

}  // namespace proa
