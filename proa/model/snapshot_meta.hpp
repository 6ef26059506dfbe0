#pragma once

#include <cstdint>
#include <string>

#include "proa/base/bytes.hpp"
#include "proa/base/ids.hpp"
#include "proa/model/configuration.hpp"

namespace proa {

/// What a snapshot covers (reference §5). `configuration` is the committed one at `last`.
struct SnapshotMeta {
  static constexpr std::int64_t kVersion = 1;  ///< the version written; 0 is read, never written

  std::int64_t version = kVersion;
  std::string id = {};    ///< chosen by the store that holds it
  LogPosition last = {};  ///< the last entry whose effect is inside
  ConfigurationAt configuration = {};
  std::uint64_t size = 0;  ///< bytes of the state
  friend bool operator==(const SnapshotMeta&, const SnapshotMeta&) = default;
};

}  // namespace proa
