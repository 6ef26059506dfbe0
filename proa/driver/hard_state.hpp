#pragma once

#include "proa/model/hard_state.hpp"
#include "proa/port/stable_store.hpp"

namespace proa::driver {

/// The names of the model, then ours; numbers are eight bytes, the highest first.
inline constexpr const char* kCurrentTermKey = "CurrentTerm";
inline constexpr const char* kLastVoteTermKey = "LastVoteTerm";
inline constexpr const char* kLastVoteAddressKey = "LastVoteCand";
inline constexpr const char* kLastVoteIdKey = "ProaLastVoteId";
inline constexpr const char* kRepairFloorKey = "ProaRepairFloor";
inline constexpr const char* kServerIdKey = "ProaServerId";

/// Term, vote and repair floor in one atomic step.
Result<void> save(StableStore& store, const HardState& state);
/// Errors: corrupt if a value does not have its form.
Result<HardState> load_hard_state(const StableStore& store);

/// Whose data this is. Errors: invalid_config if it is another server's.
Result<void> check_server_id(const StableStore& store, const ServerId& id);
Result<void> save_server_id(StableStore& store, const ServerId& id);

}  // namespace proa::driver
