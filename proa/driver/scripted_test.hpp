#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "proa/driver/driver.hpp"
#include "proa/driver/test_support.hpp"
#include "proa/store/memory_log_store.hpp"
#include "proa/store/memory_snapshot_store.hpp"
#include "proa/store/memory_stable_store.hpp"
#include "proa/testing/sim_runtime.hpp"

namespace proa::driver {

/// What happened at the ports, in order: one word for each.
struct Journal {
  std::vector<std::string> words;
  void add(std::string word) { words.push_back(std::move(word)); }
  std::string take() {
    std::string text;
    for (const std::string& word : std::exchange(words, {}))
      text += (text.empty() ? "" : " ") + word;
    return text;
  }
};

inline std::string word_for(const Request& request) {
  struct Visitor {
    std::string operator()(const RequestVoteRequest&) const { return "vote"; }
    std::string operator()(const RequestPreVoteRequest&) const { return "prevote"; }
    std::string operator()(const TimeoutNowRequest&) const { return "timeout-now"; }
    std::string operator()(const AppendEntriesRequest& append) const {
      if (append.heartbeat) return "heartbeat";
      if (append.entries.empty()) return "idle";
      return "append" + to_string(append.entries.first_index()) + ".." +
             to_string(append.entries.last_index());
    }
  };
  return std::visit(Visitor{}, request);
}

class ScriptedTransport;

/// Keeps what is sent until the test answers.
class ScriptedPeer final : public Peer {
 public:
  ScriptedPeer(ScriptedTransport& transport, std::string name)
      : transport_(transport), name_(std::move(name)) {}
  ~ScriptedPeer() override;
  bool send(Channel channel, const Request& request, Respond& done) override;
  void when_writable(Channel, Fn<void()> callback) override { writable = std::move(callback); }
  void send_snapshot(const InstallSnapshotRequest& request, std::shared_ptr<BytePipe> state,
                     Respond done) override;

  struct Waiting {
    Request request = {};
    Respond done = {};
  };
  std::deque<Waiting> control;
  std::deque<Waiting> append;
  struct Snapshot {
    InstallSnapshotRequest request = {};
    std::shared_ptr<BytePipe> state = {};
    Respond done = {};
  };
  std::deque<Snapshot> snapshots;
  std::size_t window = 16;
  Fn<void()> writable;

 private:
  ScriptedTransport& transport_;
  std::string name_;
};

class ScriptedTransport final : public Transport {
 public:
  ScriptedTransport(std::shared_ptr<Runtime> runtime, Journal& journal)
      : journal_(journal), runtime_(std::move(runtime)) {}
  std::shared_ptr<Runtime> runtime() override { return runtime_; }
  Result<void> start(TransportEvents& to) override {
    events = &to;
    return {};
  }
  void stop() override {
    events = nullptr;
    journal_.add("left");
  }
  ServerAddress local_address() const override { return {"a"}; }
  void flush() override {
    if (std::exchange(unflushed_, false)) journal_.add("flush");
  }
  std::unique_ptr<Peer> connect(const Server& server) override {
    auto peer = std::make_unique<ScriptedPeer>(*this, server.id.value);
    peers[server.id.value] = peer.get();
    addresses[server.id.value] = server.address.value;
    return peer;
  }
  void note(std::string word) {
    unflushed_ = true;
    journal_.add(std::move(word));
  }

  TransportEvents* events = nullptr;
  std::map<std::string, ScriptedPeer*> peers;
  std::map<std::string, std::string> addresses;  ///< that they were last connected to

 private:
  Journal& journal_;
  std::shared_ptr<Runtime> runtime_;
  bool unflushed_ = false;
};

inline ScriptedPeer::~ScriptedPeer() {
  transport_.peers.erase(name_);
  for (auto* channel : {&control, &append}) {
    for (Waiting& waiting : std::exchange(*channel, {}))
      waiting.done(fail(Errc::peer_unreachable, "closed"));
  }
  const Error closed{.code = Errc::peer_unreachable, .detail = "closed"};
  for (Snapshot& snapshot : std::exchange(snapshots, {})) {
    snapshot.state->stop(closed);
    snapshot.done(fail(closed));
  }
}

inline void ScriptedPeer::send_snapshot(const InstallSnapshotRequest& request,
                                        std::shared_ptr<BytePipe> state, Respond done) {
  transport_.note("snapshot" + to_string(request.snapshot.last.index) + ">" + name_);
  snapshots.push_back({.request = request, .state = std::move(state), .done = std::move(done)});
}

inline bool ScriptedPeer::send(Channel channel, const Request& request, Respond& done) {
  auto& waiting = channel == Channel::control ? control : append;
  if (waiting.size() >= window) return false;
  waiting.push_back({.request = request, .done = std::move(done)});
  transport_.note(word_for(request) + ">" + name_);
  return true;
}

/// Memory, but it says what is written and can fail.
class ScriptedLog final : public LogStore {
 public:
  explicit ScriptedLog(Journal& journal) : journal_(journal) {}
  Result<LogSummary> open() override { return store_.open(); }
  Result<EntryView> read(IndexRange range, std::size_t bytes_max) const override {
    journal_.add("read" + to_string(range.first) + ".." + to_string(range.last));
    if (read_fails) return fail(Errc::io_error, "the disk cannot be read");
    if (range.first < readable_from) return fail(Errc::log_not_found, "compacted");
    return store_.read(range, bytes_max);
  }
  Result<void> write(const LogBatch& batch) override {
    if (fails) return fail(Errc::io_error, "the disk is broken");
    if (batch.restart_after) journal_.add("restart" + to_string(batch.restart_after->index));
    if (!batch.entries.empty()) {
      journal_.add("write" + to_string(batch.entries.first_index()) + ".." +
                   to_string(batch.entries.last_index()));
    }
    return store_.write(batch);
  }
  Result<void> truncate_prefix(LogIndex last) override {
    journal_.add("compact" + to_string(last));
    return store_.truncate_prefix(last);
  }
  bool ready_for(std::size_t bytes) const override {
    return is_ready && LogStore::ready_for(bytes);
  }
  Result<bool> prepare() override {
    ++prepared;
    if (to_prepare == 0) return false;
    --to_prepare;
    return to_prepare > 0;
  }

  bool fails = false;
  bool read_fails = false;
  bool is_ready = true;
  std::size_t prepared = 0;
  std::size_t to_prepare = 0;  ///< in so many steps
  LogIndex readable_from = {};

 private:
  Journal& journal_;
  MemoryLogStore store_;
};

class ScriptedStable final : public StableStore {
 public:
  explicit ScriptedStable(Journal& journal) : journal_(journal) {}
  Result<void> open() override { return {}; }
  Result<std::optional<SharedBytes>> get(std::string_view key) const override {
    return store_.get(key);
  }
  Result<void> set(std::span<const KeyValue> values) override {
    journal_.add("save");
    return store_.set(values);
  }

 private:
  Journal& journal_;
  MemoryStableStore store_;
};

/// Snapshots in memory, of which the disk has spoiled some, and may refuse the next ones.
class ScriptedSnapshots final : public SnapshotStore {
 public:
  Result<void> open() override { return {}; }
  Result<std::unique_ptr<SnapshotSink>> create(const SnapshotMeta& meta) override {
    PROA_TRY(std::unique_ptr<SnapshotSink> sink, store_.create(meta));
    return std::make_unique<Sink>(std::move(sink), close_fails);
  }
  Result<std::vector<SnapshotMeta>> list() const override { return store_.list(); }
  Result<OpenSnapshot> open(const std::string& id) const override {
    if (spoiled_.contains(id)) return fail(Errc::corrupt, "the state does not match its checksum");
    return store_.open(id);
  }

  void spoil_newest() { spoiled_.insert(list()->front().id); }

  std::optional<Error> close_fails;

 private:
  class Sink final : public SnapshotSink {
   public:
    Sink(std::unique_ptr<SnapshotSink> sink, const std::optional<Error>& close_fails)
        : sink_(std::move(sink)), close_fails_(close_fails) {}
    Result<void> write(ByteView bytes) override { return sink_->write(bytes); }
    Result<void> close() override {
      if (close_fails_) return fail(*close_fails_);
      return sink_->close();
    }
    Result<void> cancel() override { return sink_->cancel(); }
    const std::string& id() const override { return sink_->id(); }

   private:
    std::unique_ptr<SnapshotSink> sink_;
    const std::optional<Error>& close_fails_;
  };

  MemorySnapshotStore store_;
  std::set<std::string> spoiled_;
};

class RecordingLogger final : public Logger {
 public:
  bool enabled(LogLevel) const override { return is_enabled; }
  void log(LogLevel, std::string_view text) override { lines.emplace_back(text); }

  bool is_enabled = false;
  std::vector<std::string> lines;
};

class ScriptedFsm final : public Fsm {
 public:
  explicit ScriptedFsm(Journal& journal) : journal_(journal) {}
  void apply(std::span<const Committed> batch, Responses& responses) override {
    journal_.add("apply" + to_string(batch.front().index) + ".." + to_string(batch.back().index));
    for (std::size_t at = 0; at < batch.size(); ++at)
      responses.set(at, batch[at].index.value);
  }
  Result<std::unique_ptr<Snapshot>> snapshot() override {
    journal_.add("view");
    return std::make_unique<View>(*this);
  }
  Result<void> restore(ByteSource& source) override {
    std::vector<std::byte> bytes(std::size_t{4} << 20);
    PROA_TRY(const std::size_t count, source.read(bytes));
    journal_.add("restore" + std::to_string(count));
    if (restore_fails) return fail(Errc::corrupt, "this is no state");
    return {};
  }

  std::size_t state_bytes = 10;
  bool write_fails = false;
  bool restore_fails = false;

 private:
  class View final : public Snapshot {
   public:
    explicit View(const ScriptedFsm& fsm) : fsm_(fsm) {}
    Result<void> write_to(SnapshotSink& sink) override {
      PROA_TRY(sink.write(std::vector<std::byte>(fsm_.state_bytes)));
      if (fsm_.write_fails) return fail(Errc::io_error, "the disk is full");
      return {};
    }

   private:
    const ScriptedFsm& fsm_;
  };

  Journal& journal_;
};

}  // namespace proa::driver
