#pragma once

#include <cstddef>

#include "proa/base/ids.hpp"
#include "proa/base/time.hpp"

namespace proa::core {

/// No honest server comes near these: a million entries a second for 290,000 years. What is beyond
/// them came from a broken sender and is refused, so that counting on never overflows.
constexpr Term kTermMax{std::uint64_t{1} << 63};
constexpr LogIndex kIndexMax{std::uint64_t{1} << 63};

/// Changes of the configuration that wait for the one before them; beyond: Errc::busy.
constexpr std::size_t kWaitingChangesMax = 64;

/// The pause after a failed append doubles at each further failure, up to the heartbeat timeout.
constexpr unsigned kBackoffDoublingsMax = 8;

/// A leader looks whether it still hears from a majority at most this often (reference §8.2).
constexpr Duration kLeaseCheckPaceMin = std::chrono::milliseconds{10};

}  // namespace proa::core
