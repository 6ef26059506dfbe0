#include "proa/driver/fsm_call.hpp"

#include <string>
#include <utility>

#include "proa/base/assert.hpp"
#include "proa/wire/entry_codec.hpp"

namespace proa::driver {
namespace {

/// The commands of one call of apply.
class Call final : public Responses {
 public:
  Call(Fsm& fsm, LogIndex first, FsmAnswers& answers)
      : fsm_(fsm), first_(first), done_(fsm.durable_index()), answers_(answers) {}

  void add(const Entry& entry) {
    if (entry.index <= done_) return;
    commands_.push_back({.index = entry.index,
                         .term = entry.term,
                         .appended_at = entry.appended_at,
                         .command = entry.data,
                         .extensions = entry.extensions});
  }

  void flush() {
    if (commands_.empty()) return;
    apply();
    commands_.clear();
  }

  bool wanted(std::size_t position) const override {
    return !answers_.wanted.empty() && answers_.wanted[offset(position)];
  }
  void set(std::size_t position, std::any response) override {
    if (wanted(position)) answers_.responses[offset(position)] = std::move(response);
  }

 private:
  std::size_t offset(std::size_t position) const {
    PROA_ASSERT(position < commands_.size());
    return commands_[position].index.value - first_.value;
  }

  void apply() {
    const bool state_machine_threw = [this] {
      try {
        fsm_.apply(commands_, *this);
        return false;
      } catch (...) {
        return true;  // it may have run half of the commands: nobody can go on from there
      }
    }();
    PROA_ASSERT(!state_machine_threw);
  }

  Fsm& fsm_;
  const LogIndex first_;
  const LogIndex done_;
  FsmAnswers& answers_;
  std::vector<Committed> commands_;
};

Result<void> run(Fsm& fsm, const Entry& entry, Call& call) {
  switch (entry.kind) {
    case EntryKind::command:
      call.add(entry);
      return {};
    case EntryKind::noop:
    case EntryKind::barrier:
    case EntryKind::add_peer_deprecated:
    case EntryKind::remove_peer_deprecated:
      return {};
    case EntryKind::configuration: {
      PROA_TRY(const Configuration configuration, wire::decode_configuration(entry.data));
      call.flush();
      fsm.configuration_committed(entry.index, configuration);
      return {};
    }
  }
  return fail(Errc::corrupt, "entry " + to_string(entry.index) + " is of kind " +
                                 to_string(entry.kind) +
                                 ", which this version does not know; a newer version wrote it: "
                                 "install that one here too");
}

}  // namespace

Result<void> run(Fsm& fsm, const EntryView& entries, FsmAnswers& answers) {
  if (entries.empty()) return {};
  if (!answers.wanted.empty()) answers.responses.resize(answers.wanted.size());
  Call call{fsm, entries.first_index(), answers};
  for (const EntryRun& part : entries.runs()) {
    for (const Entry& entry : part.entries())
      PROA_TRY(run(fsm, entry, call));
  }
  call.flush();
  return {};
}

}  // namespace proa::driver
