#pragma once

#include <string>
#include <vector>

#include "proa/testing/linearizability.hpp"

namespace proa::testing {

/// Operations of a key that no order explains, and what is known of the time before them.
struct Unexplained {
  std::vector<Operation> operations = {};  ///< that have begun, in the order of their calls
  std::vector<bool> has_place = {};        ///< of each: in the longest order that was found
  std::vector<std::size_t> order = {};     ///< that order
  Value held = {};                         ///< the value at its end
};

/// What a client asked and was told: `write 'a'`, `read = 'b'`, `increment, outcome unknown`.
std::string describe(const Operation& operation);

/// The end of it as a picture: time runs to the right, a line for each operation.
std::string draw(const Unexplained& unexplained);

}  // namespace proa::testing
