#pragma once

#include <string>

#include "proa/base/bytes.hpp"

namespace proa::testing {

/// Bytes for a person: as text if they are text, else in hexadecimal digits; long ones in part,
/// from around `focus`.
std::string readable(ByteView bytes, std::size_t focus = 0);

/// Where two states begin to differ, with what each has there.
std::string difference(const std::string& ours, const std::string& theirs);

}  // namespace proa::testing
