#pragma once

#include <cstdint>
#include <vector>

#include "proa/base/bytes.hpp"

namespace proa::kv {

enum class QueryKind : std::uint8_t {
  value,     ///< of the one key; GET
  values,    ///< of each key; MGET
  exists,    ///< how many of the keys exist, each counted as often as it is named; EXISTS
  length,    ///< of the one key's value, 0 if there is none; STRLEN
  key_count  ///< of all; DBSIZE
};

/// A question that changes nothing.
struct Query {
  QueryKind kind = QueryKind::value;
  std::vector<SharedBytes> keys = {};
};

}  // namespace proa::kv
