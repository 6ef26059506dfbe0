#pragma once

#include <memory>
#include <utility>

#include "proa/driver/probe.hpp"
#include "proa/testing/invariants.hpp"

namespace proa::testing {

/// Looks at the core before any of its effects is carried out.
class StandProbe final : public driver::Probe {
 public:
  struct Hooks {
    Fn<void()> seen = {};
    Fn<void(const driver::Holdings&)> held = {};
  };
  StandProbe(std::shared_ptr<Invariants> invariants, std::size_t server, Hooks hooks)
      : invariants_(std::move(invariants)), server_(server), hooks_(std::move(hooks)) {}

  void taken(const core::Effects&, const core::View& view) override {
    Invariants::Stand stand{
        .leads = view.role == core::Role::leader,
        .asks_for_votes = view.role == core::Role::candidate,
        .term = view.term,
        .commit = view.commit_index,
        .snapshot = view.snapshot.index,
        .last = view.last_log.index,
    };
    if (revision_ != view.configurations_revision) {
      revision_ = view.configurations_revision;
      stand.latest = &view.latest_configuration.configuration;
      stand.committed = &view.committed_configuration.configuration;
    }
    if (Journal* journal = invariants_->journal()) {
      journal->stands(server_, state_of(view.role), view.term, view.commit_index);
    }
    invariants_->seen(server_, stand);
    hooks_.seen();
  }
  void held(const driver::Holdings& held) override { hooks_.held(held); }
  void applied(const EntryView& entries) override {
    invariants_->runs_up_to(server_, entries.last_index());
  }

 private:
  static ServerState state_of(core::Role role) {
    if (role == core::Role::leader) return ServerState::leader;
    return role == core::Role::candidate ? ServerState::candidate : ServerState::follower;
  }

  std::shared_ptr<Invariants> invariants_;
  std::size_t server_;
  Hooks hooks_;
  std::uint64_t revision_ = 0;  ///< of the configurations that were shown
};

}  // namespace proa::testing
