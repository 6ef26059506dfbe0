#pragma once

#include <string>

#include "proa/testing/journal.hpp"

namespace proa::testing {

/// Draws the newest events of a journal as an SVG file: time runs down, an event a row; a lane for
/// each server, in the colour of its role; an arrow for each message that has arrived, a stub for
/// one that has not; marks for crashes, syncs, commits and what broke.
std::string picture_of(const Journal& journal);

}  // namespace proa::testing
