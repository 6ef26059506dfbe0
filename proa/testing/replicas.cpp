#include "proa/testing/detail/replicas.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "proa/testing/detail/memory_snapshot.hpp"
#include "proa/testing/detail/readable.hpp"

namespace proa::testing {
namespace {

constexpr std::size_t kBytesToKeep = std::size_t{8} << 20;
constexpr std::size_t kBytesPerIndex = 4096;  ///< larger states are looked at less often

std::uint64_t hash_of(const std::string& state) {
  std::uint64_t hash = state.size();
  for (const char letter : state)
    hash = (hash ^ static_cast<unsigned char>(letter)) * 0x9E3779B97F4A7C15U + (hash >> 29);
  return hash;
}

std::string name_of(std::size_t server) { return "s" + std::to_string(server + 1); }

}  // namespace

Replicas::Replicas(Workload& workload, const Ledger& ledger, Options options,
                   std::function<void(std::string)> violated)
    : workload_(workload),
      ledger_(ledger),
      every_(options.every),
      violated_(std::move(violated)),
      agreed_(options.servers) {}

std::optional<std::string> Replicas::state_of(Fsm& fsm) {
  std::optional<std::string> state = workload_.state_of(fsm);
  if (!state) state = snapshot_of(fsm);
  if (!state) nothing_to_compare_ = true;
  if (state) every_ = std::max(every_, std::bit_ceil(state->size() / kBytesPerIndex));
  return state;
}

void Replicas::compare(std::size_t server, LogIndex after, Fsm& fsm, const std::string& how) {
  if (nothing_to_compare_) return;
  std::optional<std::string> state = state_of(fsm);
  if (!state) return;
  const std::string who = name_of(server) + ", which " + how;
  if (known_.contains(after)) {
    check(after, *state, who, agreed_[server]);
  } else {
    remember(after, std::move(*state), who);
  }
  agreed_[server] = after;
}

void Replicas::check(LogIndex after, const std::string& state, const std::string& who,
                     LogIndex agreed) {
  ++compared_;
  const Known& known = known_.at(after);
  if (known.hash == hash_of(state)) return;
  std::string text = "replicas differ: after the command at " + to_string(after) + "\n  " + who +
                     ", has another state than\n  " + known.who + ", had there; ";
  text += known.state.empty() ? "the states are large" : difference(state, known.state);
  if (agreed < after) {
    text +=
        "\n  the commands since the first of them was last compared:" + ledger_.tell(agreed, after);
  }
  violated_(std::move(text));
}

void Replicas::compare_snapshot(std::size_t server, LogIndex after, ByteView snapshot) {
  if (nothing_to_compare_) return;
  const std::shared_ptr<Fsm> fresh = workload_.make_fsm();
  const auto restored = restore_from(*fresh, snapshot);
  if (!restored) {
    return violated_("snapshots: one of " + name_of(server) + ", of " +
                     std::to_string(snapshot.size()) +
                     " bytes, cannot be restored: " + to_string(restored.error()));
  }
  const std::optional<std::string> state = state_of(*fresh);
  if (!state || !known_.contains(after)) return;
  check(after, *state, "a new state machine, which restored a snapshot of " + name_of(server),
        after);
}

void Replicas::remember(LogIndex after, std::string state, std::string who) {
  bytes_kept_ += state.size();
  Known known{.hash = hash_of(state), .state = std::move(state), .who = std::move(who)};
  known_.emplace(after, std::move(known));
  auto at = known_.upper_bound(forgotten_up_to_);
  for (; bytes_kept_ > kBytesToKeep && at != known_.end(); ++at) {
    bytes_kept_ -= at->second.state.size();
    at->second.state = {};
    forgotten_up_to_ = at->first;
  }
}

}  // namespace proa::testing
