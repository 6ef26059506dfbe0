#pragma once

#include <cstdint>
#include <optional>

#include "kv/command.hpp"
#include "kv/detail/table.hpp"
#include "kv/query.hpp"
#include "kv/reply.hpp"
#include "proa/base/guarded.hpp"
#include "proa/port/fsm.hpp"

namespace proa::kv {

/// The key-value state machine: strings by key, as Redis has them. Commands come encoded
/// (command.hpp); the response to each is a Reply.
///
/// A command that a newer version wrote cannot be applied, and skipping it would make this server
/// differ from the others: the store then changes nothing any more, takes no snapshot and answers
/// nothing, and failure() says why. A command of this version that does not decode is refused by
/// every server alike.
///
/// Threads: as Fsm; answer, key_count and failure: any.
class Store final : public Fsm {
 public:
  void apply(std::span<const Committed> batch, Responses& responses) override;
  /// Copies no key: see Table.
  Result<std::unique_ptr<Snapshot>> snapshot() override;
  Result<void> restore(ByteSource& source) override;

  /// From what is applied now; whether that is new enough is the caller's concern.
  Reply answer(const Query& query) const;
  std::uint64_t key_count() const;
  std::optional<Error> failure() const;

 private:
  struct State {
    Table table = {};
    std::optional<Error> failure = {};
  };
  static Reply apply_one(State& state, const Committed& entry);

  Guarded<State> state_;
};

}  // namespace proa::kv
