#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "proa/base/ids.hpp"
#include "proa/base/result.hpp"
#include "proa/port/file_system.hpp"

namespace proa::server {

/// How far the founding of the cluster has come that this server takes part in (founding.hpp).
enum class FoundingState : std::uint8_t {
  none,     ///< it holds no configuration by founding
  joining,  ///< it asked a cluster to add it, and is to get a vote once it has caught up
  pending,  ///< its log may hold the first entry, but not everybody has confirmed
  done,     ///< the cluster exists
};

/// Who a data directory belongs to. The incarnation is random and drawn once, so a server that
/// lost its disk comes back as a different one and cannot vote a second time in the same term.
struct Identity {
  std::string name = {};
  std::uint64_t incarnation = 0;
  FoundingState founding = FoundingState::none;

  ServerId id() const;  ///< `name#incarnation`, the latter as 16 hexadecimal digits
  friend bool operator==(const Identity&, const Identity&) = default;
};

/// The part of an id before the `#`: what people call the server.
std::string_view name_of(const ServerId& id);
/// Letters, digits, `.`, `_` and `-`, 1 to 64 of them. Errors: invalid_config.
Result<void> check_name(std::string_view name);

/// The file `identity` in the data directory: a few lines of text and their CRC-32C. Blocking.
/// Nothing: there is none. Errors: corrupt; unsupported_protocol, a newer program wrote it.
Result<std::optional<Identity>> load_identity(FileSystem& files, const std::string& directory);
/// Durable on return; a crash leaves the old one or the new one.
Result<void> save_identity(FileSystem& files, const std::string& directory, const Identity& what);

}  // namespace proa::server
