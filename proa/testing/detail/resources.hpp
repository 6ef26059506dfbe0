#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "proa/driver/holdings.hpp"
#include "proa/model/config.hpp"
#include "proa/testing/sim_disk.hpp"

namespace proa::testing {

/// What the limits of a server in the simulator follow from, beside its Config.
struct ResourceBasis {
  std::size_t servers = 0;                     ///< machines of the cluster
  std::optional<std::size_t> window_requests;  ///< per peer and channel; nothing: bytes limit it
  std::size_t snapshots_retained = 0;
};

/// Bounded resources, in memory: names what is held beyond its limit, how much, and the limit.
std::optional<std::string> beyond_limits(const driver::Holdings& held, const Config& config,
                                         const ResourceBasis& basis);

/// What there may be some of and no more on the disk of a server, beside its log.
struct KeptFiles {
  std::size_t snapshots = 0;             ///< that are finished
  std::size_t unfinished_snapshots = 0;  ///< being written, or removed
  std::size_t spare_segments = 0;        ///< being prepared or ready
  std::size_t passing_files = 0;         ///< that a start, or a write of term and vote, removes
};
KeptFiles kept_on(const SimDisk& disk);

/// Bounded resources, on one disk. A crash, and an operation that fails, may leave something behind
/// that is removed by the next start, or when the next snapshot is stored: each excuses one file
/// until then. Threads: one.
class DiskLimits {
 public:
  void excuse_one() { ++excused_; }
  /// Something has turned into something else: what nobody can read stays.
  void excuse_snapshots() { snapshots_excused_ = true; }
  std::optional<std::string> look(const KeptFiles& kept, const ResourceBasis& basis);

 private:
  std::size_t excused_ = 0;
  bool snapshots_excused_ = false;
};

}  // namespace proa::testing
