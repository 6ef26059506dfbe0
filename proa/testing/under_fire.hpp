#pragma once

#include "proa/testing/choices.hpp"

namespace proa::testing {

/// Runs one slice of time after the other. How many is a decision too: `goes_on` makes it for a
/// seed, on a tape it is a number. False as soon as `run_slice` returns false.
template <class GoesOn, class RunSlice>
bool run_under_fire(Choices& choices, GoesOn goes_on, RunSlice run_slice) {
  choices.begin("slices under fire");
  const std::uint64_t slices_max = choices.settled_elsewhere();
  const bool by_rule = slices_max == UINT64_MAX;
  std::uint64_t slices = 0;
  while (by_rule ? goes_on() : slices < slices_max) {
    choices.amend(++slices);
    if (!run_slice()) return false;
  }
  return true;
}

}  // namespace proa::testing
