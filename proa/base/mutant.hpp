#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

namespace proa {

/// Known bugs, compiled in behind PROA_MUTANTS to prove that the tests find them: one of them is
/// switched on by name for a whole run, by choose_mutant or by the environment variable
/// PROA_MUTANT. In every other build this is a constant false. Threads: choose_mutant before any
/// other thread starts.
#if PROA_MUTANTS
inline std::string named_mutant() {
  const char* name = std::getenv("PROA_MUTANT");
  return name == nullptr ? "" : name;
}
inline std::string chosen_mutant = named_mutant();  // empty: none
inline void choose_mutant(std::string name) { chosen_mutant = std::move(name); }
inline bool mutant(std::string_view name) { return chosen_mutant == name; }
#else
constexpr bool mutant(std::string_view) { return false; }
#endif

}  // namespace proa
