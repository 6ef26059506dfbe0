#pragma once

#include <string>
#include <string_view>

#include "proa/base/result.hpp"

namespace proa::detail {

/// The system's own words for an errno value.
std::string system_reason(int error_number);

/// What a person can do about it: empty, or a sentence that begins with `; `.
std::string_view file_hint(int error_number);

/// `cannot write /var/lib/proa/000001.wal: No space left on device; free some ...`
Failure file_failure(std::string_view operation, std::string_view path, int error_number);

}  // namespace proa::detail
