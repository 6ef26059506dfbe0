#pragma once

#include "cli/exit.hpp"
#include "cli/settings.hpp"

namespace proa::cli {

inline constexpr const char* kVersion = "0.1.0";

/// Runs one server until it is told to stop or its disk fails. Blocking.
Exit serve(const Settings& settings);

}  // namespace proa::cli
