#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

namespace proa {

/// Known bugs, compiled in behind PROA_MUTANTS to prove that the tests find them: one of them is
/// switched on by name for a whole run, by choose_mutant or by the environment variable
/// PROA_MUTANT. In every other build this is a constant false. choose_mutant says whether there is
/// such a choice: any name in a build with mutants, none ("") in every other. Threads:
/// choose_mutant before any other thread starts.
#if PROA_MUTANTS
inline std::string named_mutant() {
  const char* name = std::getenv("PROA_MUTANT");
  return name == nullptr ? "" : name;
}
inline std::string chosen_mutant = named_mutant();  // empty: none
inline bool choose_mutant(std::string name) {
  chosen_mutant = std::move(name);
  return true;
}
inline bool mutant(std::string_view name) { return chosen_mutant == name; }
#else
inline bool choose_mutant(std::string_view name) { return name.empty(); }
constexpr bool mutant(std::string_view) { return false; }
#endif

}  // namespace proa
