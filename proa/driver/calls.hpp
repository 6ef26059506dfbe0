#pragma once

#include <cstddef>
#include <optional>
#include <variant>

#include "proa/core/input.hpp"
#include "proa/model/config.hpp"
#include "proa/model/snapshot_meta.hpp"
#include "proa/port/byte_source.hpp"
#include "proa/port/future.hpp"
#include "proa/port/query.hpp"

namespace proa::driver {

/// Calls of one sort that wait beyond the inbox; beyond: Errc::busy.
constexpr std::size_t kOpenCallsMax = 65536;
/// Changes of the configuration that are in the log and not applied here, beside as many entries as
/// proposals may take; beyond: Errc::busy.
constexpr std::size_t kChangesInLogMax = 64;

/// A change of the configuration (reference §8.13). Its id is chosen when it is taken up.
struct ChangeCall {
  core::ChangeRequested change = {};
  Promise<LogIndex> promise;
};

/// Do we still lead? (reference §8.10)
struct VerifyCall {
  Promise<void> promise;
};

/// The index that a linearizable read must wait for, once it is applied (thesis §6.4).
struct ReadIndexCall {
  Promise<LogIndex> promise;
};

/// Leadership is to go elsewhere (thesis §3.10).
struct TransferCall {
  std::optional<ServerId> to = {};
  Promise<void> promise;
};

/// A query of the state machine's state, as fresh as the level says.
struct ReadCall {
  ReadLevel level = ReadLevel::linearizable;
  std::shared_ptr<Query> query = {};
};

/// The state machine is to be written down now (reference §8.15).
struct SnapshotCall {
  Promise<SnapshotMeta> promise;
};

/// A snapshot from outside is to become the state of the whole cluster (reference §8.16).
struct RestoreCall {
  SnapshotMeta meta = {};
  std::unique_ptr<ByteSource> source = {};
  Promise<LogIndex> promise;
};

struct WaitAppliedCall {
  LogIndex index = {};
  Promise<LogIndex> promise;
};

struct WaitLeaderCall {
  Promise<Server> promise;
};

struct ReloadCall {
  ReloadableConfig config = {};
};

/// What callers want of a node besides entries: the model's channels (ARCHITECTURE.md).
using Call = std::variant<ChangeCall, VerifyCall, ReadIndexCall, ReadCall, TransferCall,
                          WaitAppliedCall, WaitLeaderCall, ReloadCall, SnapshotCall, RestoreCall>;

}  // namespace proa::driver
