#pragma once

#include <functional>
#include <string>

#include "proa/base/result.hpp"
#include "proa/testing/shrinker.hpp"
#include "proa/testing/tape_file.hpp"

namespace proa::testing {

/// How a run has ended.
struct RunEnd {
  std::string violation = {};  ///< empty: nothing broke
  Duration simulated = {};
  std::uint64_t events = 0;
};

/// Runs something that takes its decisions from `deck`, in a process of its own: an assertion that
/// fails is a violation like others. `limits` is what is reported if it dies without a word.
Played play_in_child(TapeDeck& deck, const PlayLimits& limits, const std::function<RunEnd()>& run);

Result<std::string> load_text(const std::string& path);
Result<TapeFile> load_tape(const std::string& path);
Result<void> save_text(const std::string& path, const std::string& text);

}  // namespace proa::testing
