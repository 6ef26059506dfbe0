#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "proa/base/bytes.hpp"
#include "proa/base/result.hpp"

namespace proa {

struct KeyValue {
  std::string key = {};
  SharedBytes value = {};
};

/// A few small values that must survive (reference §4.1): term, vote, identity. Blocking.
/// Threads: open before all others; get and set on the log lane. Errors: io_error, corrupt.
class StableStore {
 public:
  virtual ~StableStore() = default;
  /// What can be read afterwards is durable, whatever a crash had left in the page cache.
  virtual Result<void> open() = 0;
  virtual Result<std::optional<SharedBytes>> get(std::string_view key) const = 0;
  /// All of them or none, durable on return. Other keys keep their values.
  virtual Result<void> set(std::span<const KeyValue> values) = 0;
};

}  // namespace proa
