#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "proa/base/random.hpp"
#include "proa/core/consensus.hpp"

namespace proa::core::test {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

/// An entry as a test keeps it: a number stands for the payload.
struct StoredEntry {
  Term term = {};
  EntryKind kind = EntryKind::command;
  std::shared_ptr<const Configuration> configuration = {};
  std::uint64_t payload = 0;
  friend bool operator==(const StoredEntry&, const StoredEntry&) = default;
};

/// Entries from `before + 1` on.
struct StoredLog {
  LogPosition before = {};
  std::vector<StoredEntry> entries = {};

  LogIndex last() const { return before.index + entries.size(); }
  const StoredEntry* find(LogIndex index) const;
  void truncate_from(LogIndex index);
  std::vector<StoredEntry> slice(IndexRange range) const;
  EntriesSummary summary() const;
  std::string terms() const;  ///< `1 1 4 4`
};

/// What survives a crash.
struct Disk {
  HardState hard_state = {};
  StoredLog log = {};
  LogIndex commit_hint = {};
  std::optional<SnapshotMeta> snapshot = {};
};

/// A request with the entries that belong to it.
struct Carried {
  std::variant<RequestVoteRequest, RequestPreVoteRequest, AppendEntriesInfo, TimeoutNowRequest,
               InstallSnapshotRequest>
      message = {};
  std::vector<StoredEntry> entries = {};
};

struct Message {
  ServerId from = {};
  ServerId to = {};
  Sent what = {};
  std::variant<Carried, Reply> content = {};
  RequestId id = {};  ///< names the request; its reply bears the same
};

/// A server's core with a driver, a disk and a log that are as simple as can be.
struct TestServer {
  struct Unsynced {
    Write write = {};
    std::vector<StoredEntry> entries = {};
  };

  ServerId id = {};
  Disk disk = {};
  std::optional<Consensus> core = {};  ///< nothing while it is down
  StoredLog log = {};                  ///< today's, durable or not
  std::deque<Unsynced> writes = {};
  std::map<std::uint64_t, Message> requests = {};  ///< not answered yet
  std::optional<RequestId> installing = {};
  LogIndex applied = {};
  std::map<ProposalId, LogIndex> reads = {};  ///< what was acknowledged when they were asked
};

/// Several cores, a network whose messages the test moves, and the properties that must hold.
/// Everything that happens becomes a line of `trace`.
class TestCluster {
 public:
  struct Setup {
    std::vector<Server> servers = {};   ///< the founding configuration
    std::vector<ServerId> spares = {};  ///< servers with nothing, to be added
    std::uint64_t seed = 1;
    bool pre_vote = true;
    std::size_t append_entries_max = 1024;
    std::uint64_t trailing_logs = 10240;
    std::uint64_t percent_joined = 0;  ///< how often a step shares its turn with the next
  };
  explicit TestCluster(Setup setup);

  TestServer& at(const ServerId& id) { return servers_.at(id); }
  std::map<ServerId, TestServer>& servers() { return servers_; }
  std::deque<Message>& network() { return network_; }
  const std::vector<std::string>& trace() const { return trace_; }
  bool failed() const { return failed_; }
  void fail(const std::string& what);  ///< the running test, with the end of the trace
  Instant now() const { return now_; }
  void advance_to(Instant then) { now_ = std::max(now_, then); }
  void note(std::string line) { trace_.push_back(std::move(line)); }
  std::optional<ServerId> leader() const;  ///< the one of the newest term

  void start(const ServerId& id);
  void crash(const ServerId& id);
  void step(const ServerId& id, const Input& input);
  void fire_timer(const ServerId& id);
  void settle(TestServer& server);  ///< ends the turn: its effects are carried out
  void sync(const ServerId& id);    ///< the oldest write of its disk
  void finish_install(const ServerId& id, bool ok);
  void take_snapshot(const ServerId& id);  ///< of what is applied
  void read(const ServerId& id, ProposalId read);
  void deliver(std::size_t position);
  void lose(std::size_t position);       ///< the sender hears of it
  void duplicate(std::size_t position);  ///< arrives once more later; nobody waits for the reply

  std::size_t commits_checked() const { return committed_.size(); }
  std::size_t reads_checked() const { return reads_checked_; }
  std::size_t installs() const { return installs_; }

 private:
  void carry_out(TestServer& server, const Effects& effects);
  void append(TestServer& server, const Appended& appended);
  void send(TestServer& server, const SendRequest& request);
  void send(TestServer& server, const Answer& answer);
  void send_entries(TestServer& server, const SendEntries& send);
  void complete(TestServer& server, const Completion& done);
  void compact(TestServer& server, LogIndex last_removed);
  void send_snapshot(TestServer& server, const SendSnapshot& send);
  void post(Message message);
  void take_in(TestServer& server, const Message& message, const Carried& request);
  void take_in(TestServer& server, const Message& message, const Reply& reply);
  void note_changes(TestServer& server, const View& before);

  // The properties (reference simulator). Each fails the running test.
  void check_promise(const TestServer& server, const Message& request, const Reply& reply);
  void check_view(const TestServer& server);
  void check_commit(const TestServer& server, const View& before);
  void check_log(const TestServer& server);
  void check_apply(TestServer& server, IndexRange range);

  Setup setup_;
  Random random_;
  Instant now_ = {};
  std::map<ServerId, TestServer> servers_;
  std::deque<Message> network_;
  std::vector<std::string> trace_;
  std::uint64_t next_request_ = 1;
  std::uint64_t next_payload_ = 1;

  bool failed_ = false;
  std::map<Term, ServerId> leaders_;
  std::map<LogPosition, std::pair<std::uint64_t, Term>> written_;  ///< payload, term before
  std::map<LogIndex, StoredEntry> committed_;
  LogIndex acknowledged_ = {};  ///< the highest commit index a leader has had
  std::size_t reads_checked_ = 0;
  std::size_t installs_ = 0;
};

std::string describe(const Message& message);
std::string to_text(IndexRange range);  ///< `3..5`, or `none`

}  // namespace proa::core::test
