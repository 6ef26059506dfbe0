#pragma once

#include <string>

#include "proa/base/result.hpp"
#include "proa/port/file_system.hpp"

namespace proa::store {

std::string join(const std::string& directory, const std::string& name);
std::string parent_of(const std::string& path);  ///< `.` for a bare name

/// Makes the directory if it is missing, with its parents, and its name durable: also when an
/// earlier process made it and crashed before it could do so.
Result<void> make_durable_directory(FileSystem& files, const std::string& path);

/// Reads exactly that many bytes; what lies behind the end of the file reads as zeros.
Result<void> read_padded(const File& file, std::uint64_t offset, std::span<std::byte> buffer);

}  // namespace proa::store
