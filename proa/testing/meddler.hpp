#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "proa/testing/striking_machine.hpp"

namespace proa::testing {

/// What may be asked of Raft at the worst moment.
enum class Meddling : std::uint8_t {
  none,                    ///< the calmest, so it is the first
  transfer_to_lagging,     ///< leadership, to the voter whose log is shortest
  transfer_to_removed,     ///< to somebody who is in no configuration
  transfer_to_nonvoter,    ///< to a member without a vote
  transfer_cut_off,        ///< to a voter that does not hear the leader, or is not heard
  snapshot,                ///< of any server, now
  snapshot_while_install,  ///< of the next server that installs one of a leader
};
inline constexpr std::size_t kMeddlings = 7;
const char* name_of(Meddling meddling);

struct MeddlerOptions {
  std::array<std::uint64_t, kMeddlings> weights = {};  ///< by Meddling; 0: never
  Duration pause_max = std::chrono::seconds{5};        ///< between two
};

/// Each class is on by itself in about a third of all seeds; in about a third of them none is.
MeddlerOptions draw_meddling(Choices& random);

struct MeddlerCounters {
  std::array<std::uint64_t, kMeddlings> made = {};  ///< by Meddling, that were asked of somebody
  std::uint64_t succeeded = 0;
  std::uint64_t refused = 0;
};

/// Asks for what is rarely asked: leadership for those who are not fit for it, snapshots at any
/// moment. Every one of its futures has to complete. Threads: one.
class Meddler final : public StrikingMachine {
 public:
  Meddler(SimCluster& cluster, const MeddlerOptions& options, Choices choices);

  void server_installs(std::size_t server) override;
  void server_crashed(std::size_t server) override;
  std::size_t open_futures() const override { return open_.size(); }
  const MeddlerCounters& counters() const { return counters_; }

 private:
  void strike_with(std::size_t trouble, bool may) override;
  void make(Meddling meddling);
  void transfer(Meddling meddling, std::size_t leader);
  std::optional<ServerId> target(Meddling meddling, std::size_t leader);
  std::optional<ServerId> last_of_the_voters(const ServerShadow& leads) const;
  void cut_off(std::size_t leader, std::size_t target);
  void snapshot(Meddling meddling, std::size_t server);
  template <class T>
  void follow(Meddling meddling, std::size_t at, Future<T> future);

  std::map<std::uint64_t, std::size_t> open_;  ///< who was asked
  std::uint64_t asked_ = 0;
  MeddlerCounters counters_;
  bool waits_for_install_ = false;
};

}  // namespace proa::testing
