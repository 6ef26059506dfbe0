#pragma once

#include <string>

#include "proa/base/error.hpp"

namespace proa::server {

/// What a Redis client is told. Its first word decides what client libraries do: they repeat
/// CLUSTERDOWN, TRYAGAIN and MISCONF by themselves, so those are for what was not executed, and
/// TIMEOUT, which none of them repeats, is for what may have been.
std::string error_text_of_write(const Error& error);
/// A read changes nothing: it may always be repeated.
std::string error_text_of_read(const Error& error);

}  // namespace proa::server
