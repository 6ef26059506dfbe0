#pragma once

#include <cstddef>

namespace proa::kv {

// The same on every server of a cluster: a command that one of them takes, all of them apply.
// Raising one of these needs a new version of the command's encoding.

inline constexpr std::size_t kKeyBytesMax = std::size_t{64} << 10;
inline constexpr std::size_t kValueBytesMax = std::size_t{32} << 20;
inline constexpr std::size_t kKeysPerCommandMax = std::size_t{1} << 20;
inline constexpr std::size_t kStepsPerTransactionMax = std::size_t{1} << 16;
/// Of an encoded command; below Config::command_bytes_max, so that the log takes it.
inline constexpr std::size_t kCommandBytesMax = std::size_t{48} << 20;

}  // namespace proa::kv
