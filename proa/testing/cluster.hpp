#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "proa/base/bytes.hpp"
#include "proa/base/time.hpp"
#include "proa/model/config.hpp"
#include "proa/port/applied.hpp"
#include "proa/port/fsm.hpp"
#include "proa/testing/choices.hpp"
#include "proa/testing/preset.hpp"

namespace proa::testing {

class Cluster;
class SimCluster;
class TapeDeck;

/// What you know of your state machine: how it is made, what clients ask of it, what must hold.
/// Each seed gets one of its own, so members may remember what happened. A check returns an empty
/// text, or what is wrong. Threads: one.
class Workload {
 public:
  virtual ~Workload() = default;

  /// A state machine as a process begins with it. Made more often than there are servers.
  virtual std::shared_ptr<Fsm> make_fsm() = 0;
  /// What some client asks for next. Draw all chance from here, or the seed replays nothing.
  virtual SharedBytes next_command(Choices& random) = 0;
  /// A command, for the person who reads what was found.
  virtual std::string describe(ByteView command) const;
  /// What must be equal wherever the same commands were applied, in whatever form. Nothing: the
  /// bytes of a snapshot, which is enough if equal states are written as equal bytes.
  virtual std::optional<std::string> state_of(const Fsm& /*fsm*/) { return std::nullopt; }

  /// A client has got this answer.
  virtual std::string check_answer(ByteView /*command*/, const Applied& /*answer*/) { return {}; }
  /// After every event of the simulation: what may never be seen on any server, not even shortly.
  virtual std::string check_always(const Cluster& /*cluster*/) { return {}; }
  /// Once everything is healed, answered and applied everywhere, and again after a restart of all.
  virtual std::string check_quiet(const Cluster& /*cluster*/) { return {}; }
};

struct ClusterOptions {
  Preset preset = Preset::everything;
  std::size_t servers = 3;                            ///< of the first configuration
  Duration under_fire = std::chrono::seconds{20};     ///< simulated, with load and faults
  std::uint64_t acknowledged_at_least = 100;          ///< writes; the fire lasts until then
  std::optional<Config> config = {};                  ///< of every server; else drawn from the seed
  std::function<void(const std::string&)> tell = {};  ///< gets a line for each great moment
  bool tell_everything = false;                       ///< and for each message
};

/// A run that is recorded, or that takes its decisions from a tape instead of the seed (tape.hpp).
struct Playback {
  TapeDeck* deck = nullptr;
  Duration stop_after = Duration::max();  ///< simulated; then nothing has been found
  std::uint64_t events_max = UINT64_MAX;  ///< likewise
};

/// What a seed has brought to light.
struct Finding {
  std::uint64_t seed = 0;
  Instant at = {};
  std::string what = {};    ///< the rule that broke, where, and with what
  std::string replay = {};  ///< the command that shows it again
};
std::string to_string(const Finding& finding);

/// How much was looked at. A quiet exploration is not a good one.
struct ClusterFacts {
  std::uint64_t events = 0;
  Duration simulated = {};
  std::uint64_t acknowledged = 0;  ///< commands
  std::uint64_t reads = 0;
  std::uint64_t elections = 0;
  std::uint64_t crashes = 0;
  std::uint64_t snapshots = 0;  ///< taken
  std::uint64_t restores = 0;   ///< of a state machine from a snapshot
  std::uint64_t states_compared = 0;
};

/// Servers that run your state machine under the real Raft, with its transport, log and snapshots,
/// on machines, disks and a network that are simulated from one seed, on a clock that is simulated
/// too. Raft's own safety properties, the acknowledgements, linearizable reads and the equality of
/// the state machines are checked whatever the workload checks. Threads: one.
class Cluster {
 public:
  Cluster(Workload& workload, ClusterOptions options, std::uint64_t seed, Playback playback = {});
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  /// All of it, once: load and faults, then healing, then the checks of what must be so when all is
  /// quiet, then the same after every server was restarted. Nothing: nothing is wrong.
  std::optional<Finding> run();

  // For the checks of a workload.
  std::uint64_t seed() const;
  Instant now() const;
  std::size_t size() const;                   ///< servers, from 0, in the configuration or not
  std::optional<std::size_t> leader() const;  ///< the one of the newest term, if it is up
  const Fsm* fsm(std::size_t server) const;   ///< what make_fsm has made; nullptr: it is down
  template <class T>
  const T* fsm(std::size_t server) const {
    return static_cast<const T*>(fsm(server));
  }
  LogIndex applied(std::size_t server) const;  ///< the last command in its state machine
  ClusterFacts facts() const;

  /// The machinery, for a plot of your own (sim_cluster.hpp).
  SimCluster& machinery();

 private:
  class Inner;
  std::unique_ptr<Inner> inner_;
};

struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t count = 100;
};

/// What became of the seeds.
struct Exploration {
  std::optional<Finding> finding = {};  ///< of the first seed that has one, which is the last run
  std::uint64_t seeds = 0;              ///< that were run
  ClusterFacts facts = {};              ///< over all of them
};
std::string to_string(const Exploration& exploration);

/// Runs one seed after the other until there is a finding. Environment variables let a person look
/// closer, without a change of the program:
///
///   PROA_SEED=17      runs that seed alone and tells on standard error what happens
///   PROA_SHRINK=300   makes a finding smaller, with so many attempts, and writes `proa-17.tape`
///   PROA_TAPE=FILE    plays that and tells what happens
///   PROA_TRACE=1      tells every message too
Exploration explore(const ClusterOptions& options, Seeds seeds,
                    const std::function<std::unique_ptr<Workload>()>& make_workload);

template <class W>
Exploration explore(const ClusterOptions& options = {}, Seeds seeds = {}) {
  return explore(options, seeds, [] { return std::make_unique<W>(); });
}

}  // namespace proa::testing
