#pragma once

#include "proa/model/hard_state.hpp"
#include "proa/model/log_summary.hpp"
#include "proa/port/stable_store.hpp"

namespace proa::driver {

/// The names of the model, then ours; numbers are eight bytes, the highest first.
inline constexpr const char* kCurrentTermKey = "CurrentTerm";
inline constexpr const char* kLastVoteTermKey = "LastVoteTerm";
inline constexpr const char* kLastVoteAddressKey = "LastVoteCand";
inline constexpr const char* kLastVoteIdKey = "ProaLastVoteId";
inline constexpr const char* kRepairFloorKey = "ProaRepairFloor";
inline constexpr const char* kServerIdKey = "ProaServerId";
inline constexpr const char* kLogBegunKey = "ProaLogBegun";

/// Term, vote and repair floor in one atomic step.
Result<void> save(StableStore& store, const HardState& state);
/// Errors: corrupt if a value does not have its form.
Result<HardState> load_hard_state(const StableStore& store);

/// Whose data this is. Errors: invalid_config if it is another server's.
Result<void> check_server_id(const StableStore& store, const ServerId& id);
Result<void> save_server_id(StableStore& store, const ServerId& id);

/// Nothing was ever written to the log: one that was emptied still knows where it goes on.
bool is_untouched(const LogSummary& log);

/// That this server has a log, noted once something durable is in it. Errors of the check: corrupt,
/// if that was noted and the log was never written to: it is another one, or the old one is gone.
Result<void> check_log(const StableStore& store, const LogSummary& log);
Result<void> note_log(StableStore& store);

}  // namespace proa::driver
