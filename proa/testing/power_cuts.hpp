#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "proa/testing/sim_disk.hpp"

namespace proa::testing {

/// Something that a power cut treats alone. Its fates are numbers: 0 is what the medium holds, 1 is
/// what the page cache holds; then come the versions in between, then the ways to be torn.
struct Unsynced {
  enum class Kind : std::uint8_t { name, length, sector };
  Kind kind = Kind::sector;
  std::uint8_t versions = 2;
  std::uint8_t torn = 0;
  bool equal = false;  ///< a sector whose fates 0 and 1 are the same bytes; it can still be torn

  std::uint8_t fates() const { return static_cast<std::uint8_t>(versions + torn); }
  friend bool operator==(const Unsynced&, const Unsynced&) = default;
};

/// Everything that a power cut may make of a disk, one outcome at a time: for tests that try all of
/// them instead of drawing some. A length may survive half, a sector tears in the middle of what
/// differs, with either half new, or becomes noise. Threads: one.
class PowerCuts {
 public:
  static constexpr std::uint8_t kLost = 0;
  static constexpr std::uint8_t kSurvives = 1;

  explicit PowerCuts(const SimDisk& before);
  ~PowerCuts();

  /// In the order of writing, file by file.
  const std::vector<Unsynced>& unsynced() const { return unsynced_; }
  /// What is left if each of `unsynced` meets the fate of the same position.
  std::unique_ptr<SimDisk> outcome(std::span<const std::uint8_t> fates) const;

 private:
  class Walk;
  std::unique_ptr<SimDisk> before_;
  std::vector<Unsynced> unsynced_;
};

}  // namespace proa::testing
