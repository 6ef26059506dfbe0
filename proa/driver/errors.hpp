#pragma once

#include <string>

#include "proa/base/error.hpp"
#include "proa/core/consensus.hpp"

namespace proa::driver {

/// What callers are told, with the truth about the outcome.
Error shutdown_error(Outcome outcome);
Error busy_error(std::string what);
Error leadership_lost_error(const core::View& view);

/// Whom to ask instead, if that is known.
std::optional<Server> leader_of(const core::View& view);

}  // namespace proa::driver
