#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "proa/base/bytes.hpp"

namespace proa::wire {

/// Finds the end of msgpack values that arrive in pieces. Each byte is looked at once, whatever the
/// pieces, so that nobody can make us work more than he sends.
class ValueScanner {
 public:
  struct Start {
    std::size_t values = 1;   ///< how many, one behind the other
    std::size_t offset = 0;   ///< where they begin in the input
    std::size_t nesting = 0;  ///< containers around them
  };
  explicit ValueScanner(Start start)
      : at_(start.offset), nesting_(start.nesting), open_{start.values} {}

  enum class Outcome : std::uint8_t { complete, incomplete, malformed };

  /// `input` begins as in the call before and may be longer. Not to be called once it has ended.
  Outcome scan(ByteView input);

  /// Behind the last value when complete. Before that, how many bytes there will be at least, which
  /// may be more than there are.
  std::size_t position() const { return at_; }
  const std::string& error() const { return error_; }

 private:
  Outcome malformed(const char* what);

  std::size_t at_;
  std::size_t nesting_;
  std::vector<std::uint64_t> open_;  ///< values still to come, by depth
  std::string error_;
};

}  // namespace proa::wire
