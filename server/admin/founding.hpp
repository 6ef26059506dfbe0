#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proa/base/logger.hpp"
#include "proa/model/configuration.hpp"
#include "proa/transport/call_client.hpp"
#include "proa/transport/call_server.hpp"
#include "server/admin/leader_calls.hpp"
#include "server/admin/messages.hpp"

namespace proa::server {

/// A server of the list that every server of a cluster is started with.
struct Listed {
  std::string name = {};
  ServerAddress address = {};
  friend bool operator==(const Listed&, const Listed&) = default;
};

std::string to_string(const std::vector<Listed>& cluster);  ///< `n1=h1:7401,n2=h2:7401`

/// What founding leaves on the disk. Blocking. Threads: the loop, before Raft runs.
class FoundingStore {
 public:
  virtual ~FoundingStore() = default;
  /// The configuration becomes the first entry of the log, with a mark that not everybody has
  /// confirmed; durable on return.
  virtual Result<void> hold(const Configuration& configuration) = 0;
  virtual Result<void> confirm() = 0;  ///< takes that mark away; durable on return
  /// A cluster is asked to take this server in; durable on return.
  virtual Result<void> join() = 0;
};

struct FoundingOptions {
  ServerId id = {};            ///< of this server
  ServerAddress address = {};  ///< where other servers reach it
  std::vector<Listed> cluster = {};
  std::optional<Configuration> held = {};  ///< by an earlier start that did not get to the end
  Duration pause = std::chrono::milliseconds{250};  ///< between two rounds of questions
  Duration call_limit = std::chrono::seconds{3};
  CallOptions calls = {};  ///< `hello` names this server
  std::shared_ptr<Logger> logger = std::make_shared<NullLogger>();
};

/// How it ended.
struct Founded {
  bool joins = false;  ///< a cluster exists already, and counts on this server
  Configuration configuration = {};
};

/// Founds a cluster, once, from servers that were all started with the same list (design.md §6).
/// The first server of the list collects the incarnations of all; only if every one of them is
/// fresh, it sends them the configuration, which each keeps as the first entry of its log. Nobody
/// runs Raft before all have confirmed that. A holder accepts no other configuration; whoever
/// crashes in between goes on where it stopped. A server that finds a cluster founds nothing: it
/// asks to be added, without a vote at first, unless the cluster counts on an earlier incarnation
/// of it; and it runs Raft once the cluster counts on it.
/// Threads: the loop.
class Founding : public std::enable_shared_from_this<Founding> {
 public:
  using Done = Fn<void(Result<Founded>)>;

  Founding(std::shared_ptr<Runtime> runtime, std::shared_ptr<StreamLayer> streams,
           std::shared_ptr<FoundingStore> store, FoundingOptions options);

  /// Answers `standing`, `found` and `begin` from now on, until somebody else does. `done` runs
  /// once, on the loop. Errors: what the store failed with, and invalid_config, when the servers
  /// hold what cannot be one cluster.
  void start(CallServer& server, Done done);
  void stop();                                                 ///< `done` will not run
  const std::string& waits_for() const { return waits_for_; }  ///< for people

 private:
  struct Asked {
    Listed server = {};
    std::unique_ptr<CallClient> client = {};
    std::optional<Result<Standing>> standing = {};  ///< of this round
    bool confirmed = false;                         ///< it holds the configuration
  };

  Standing standing() const;
  bool leads() const { return name_of_first() == own_name(); }
  std::string own_name() const;
  const std::string& name_of_first() const { return options_.cluster.front().name; }

  void ask_all();
  void on_standing(std::size_t which, Result<SharedBytes> answer);
  void evaluate();
  void follow(const Standing& member, const ServerAddress& at);
  void ask_to_be_added(const ServerAddress& at);
  std::string what_heals(const Configuration& existing) const;
  std::string what_is_missing() const;
  Result<std::string> what_contradicts(const Asked& asked) const;
  Configuration collected() const;
  void send_to_all();
  void on_confirmed(std::size_t which, const Result<SharedBytes>& answer);
  Result<void> on_found(const Configuration& configuration);
  void conclude();
  void again_later(std::string waits_for);
  void finish(Result<Founded> result);

  std::shared_ptr<Runtime> runtime_;
  std::shared_ptr<StreamLayer> streams_;
  std::shared_ptr<FoundingStore> store_;
  FoundingOptions options_;
  std::optional<Configuration> held_;
  std::shared_ptr<LeaderCalls> leader_calls_ = {};
  std::vector<Asked> others_ = {};
  Done done_ = {};
  TimerId timer_ = {};
  std::size_t unanswered_ = 0;
  std::string waits_for_ = {};
  std::string said_ = {};     ///< of that, in the log
  std::string refusal_ = {};  ///< the last answer to `found` that was none
  bool is_waiting_ = false;   ///< a cluster exists and does not count on this server yet
  bool asks_to_be_added_ = false;
  bool is_done_ = false;
};

}  // namespace proa::server
