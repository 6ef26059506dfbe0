#include "tests/sim/restorer.hpp"

#include <algorithm>
#include <utility>

namespace proa::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kRestorerTag = 0x6000000;
constexpr Duration kTruceMax = 20s;

/// The bytes of a state, some at a time.
class StateSource final : public ByteSource {
 public:
  explicit StateSource(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}

  Result<std::size_t> read(std::span<std::byte> buffer) override {
    const std::size_t count = std::min(buffer.size(), bytes_.size() - read_);
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(read_), count, buffer.begin());
    read_ += count;
    return count;
  }

 private:
  std::vector<std::byte> bytes_;
  std::size_t read_ = 0;
};

}  // namespace

void Restorer::start() {
  if (options_.works) order_later();
}

void Restorer::order_later() {
  random_.begin("order");
  const Duration pause = random_.down_from(options_.pause_max);
  cluster_.scheduler().after(pause, kRestorerTag, [this] { order(); });
}

void Restorer::order() {
  if (stopped_) return;
  random_.resume("order");
  const auto leader = cluster_.leader();
  if (leader && !at_) restore(random_.percent(95) ? *leader : random_.below(cluster_.size()));
  order_later();
}

void Restorer::restore(std::size_t at) {
  Raft* raft = cluster_.raft(at);
  if (raft == nullptr) return;
  at_ = at;
  const Appended state = oracle_.new_restore();
  std::vector<std::byte> bytes = AppendFsm::snapshot_of(state, options_.ballast_bytes);
  SnapshotMeta meta;
  meta.size = bytes.size();
  // Of another cluster, or of this one at another time.
  const LogIndex last = cluster_.invariants().last_committed();
  meta.last.index = {random_.below(last.value + 100)};
  cluster_.invariants().restore_asked(at);
  raft->restore(meta, std::make_unique<StateSource>(std::move(bytes)))
      .then([this, at, state, process = cluster_.incarnation(at)](Result<void> result) {
        if (cluster_.runs(at, process)) ended(state, result);
      });
}

void Restorer::ended(const Appended& state, const Result<void>& result) {
  at_.reset();
  if (result) {
    ++counters_.restored;
    oracle_.restore_completed(state);
    return nemesis_.end_truce();
  }
  ++(result.error().outcome == Outcome::unknown ? counters_.outcome_unknown : counters_.refused);
  oracle_.restore_failed(state, result.error());
}

void Restorer::server_crashed(std::size_t server) {
  if (at_ == server) at_.reset();
}

/// The leader must not fall before a majority has the state. Messages that are late could bring a
/// newer term.
bool Restorer::majority_can_follow(std::size_t leader) const {
  const testing::ServerShadow& leads = cluster_.invariants().shadow(leader);
  std::size_t followers = 0;
  for (std::size_t server = 0; server < cluster_.size(); ++server) {
    const testing::ServerShadow& shadow = cluster_.invariants().shadow(server);
    if (leads.hard_state.term < shadow.hard_state.term) return false;
    const testing::SimRuntime* runtime = cluster_.runtime(server);
    if (runtime == nullptr || runtime->is_paused()) continue;
    if (leads.latest.has_vote(shadow.id)) ++followers;
  }
  return followers >= leads.latest.quorum() && !cluster_.any_cut();
}

bool Restorer::may_take_effect(std::size_t server, LogIndex last) {
  if (!majority_can_follow(server)) return false;
  nemesis_.begin_truce(kTruceMax);
  oracle_.restore_takes_effect(last);
  return true;
}

}  // namespace proa::sim
