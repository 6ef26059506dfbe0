#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>

#include "proa/node/bootstrap.hpp"
#include "proa/node/detail/fsms_test.hpp"
#include "proa/node/raft.hpp"
#include "proa/store/memory_log_store.hpp"
#include "proa/store/memory_snapshot_store.hpp"
#include "proa/store/memory_stable_store.hpp"
#include "proa/testing/sim_runtime.hpp"
#include "proa/transport/direct_transport.hpp"

namespace proa {
namespace {

using namespace std::chrono_literals;

struct TextSource final : ByteSource {
  explicit TextSource(std::string text) : text_(std::move(text)) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    const std::size_t count = std::min(buffer.size(), text_.size());
    std::memcpy(buffer.data(), text_.data(), count);
    text_.erase(0, count);
    return count;
  }
  std::string text_;
};

/// In memory; once asked to, it stores a snapshot and cannot say that it has.
class UnsureSnapshots final : public SnapshotStore {
 public:
  Result<void> open() override { return inner_.open(); }
  Result<std::unique_ptr<SnapshotSink>> create(const SnapshotMeta& meta) override {
    PROA_TRY(auto sink, inner_.create(meta));
    if (!is_unsure) return sink;
    return std::unique_ptr<SnapshotSink>{std::make_unique<Sink>(std::move(sink))};
  }
  Result<std::vector<SnapshotMeta>> list() const override { return inner_.list(); }
  Result<OpenSnapshot> open(const std::string& id) const override { return inner_.open(id); }

  bool is_unsure = false;

 private:
  struct Sink final : SnapshotSink {
    explicit Sink(std::unique_ptr<SnapshotSink> to) : inner(std::move(to)) {}
    Result<void> write(ByteView bytes) override { return inner->write(bytes); }
    Result<void> close() override {
      PROA_TRY(inner->close());
      return fail(Errc::io_error, "the directory cannot be synced");
    }
    Result<void> cancel() override { return inner->cancel(); }
    const std::string& id() const override { return inner->id(); }
    std::unique_ptr<SnapshotSink> inner;
  };
  MemorySnapshotStore inner_{2};
};

/// Three servers in memory.
struct Restoring : ::testing::TestWithParam<std::uint64_t> {
  struct Machine {
    MemoryLogStore* logs = nullptr;
    std::shared_ptr<UnsureSnapshots> snapshots = std::make_shared<UnsureSnapshots>();
    std::shared_ptr<testing::SimRuntime> runtime;
    std::shared_ptr<TextFsm> fsm = std::make_shared<TextFsm>();
    std::unique_ptr<Raft> raft;
  };

  /// `backlog`: the state machine takes its time, and its entries from the log.
  void found(bool backlog = false) {
    slow = backlog;
    Configuration configuration;
    for (const char* name : {"a", "b", "c"})
      configuration.servers.push_back({.id = {name}, .address = {name}});
    for (std::size_t i = 0; i < machines.size(); ++i)
      start(machines[i], configuration, configuration.servers[i].address);
    run_until([this] { return leader() != nullptr; });
  }

  void start(Machine& machine, const Configuration& configuration, const ServerAddress& address) {
    testing::SimRuntimeOptions options;
    options.inline_percent.fill(GetParam());
    options.task_max.fill(200us);
    if (slow) {
      options.inline_percent[static_cast<std::size_t>(Lane::fsm)] = 0;
      options.task_max[static_cast<std::size_t>(Lane::fsm)] = 5ms;
      options.dispatch_max = 20ms;
    }
    machine.runtime = std::make_shared<testing::SimRuntime>(scheduler, options, ++seeds);
    const auto transport = std::make_shared<DirectTransport>(
        network, machine.runtime, DirectTransportOptions{.address = address});
    const auto logs = std::make_shared<MemoryLogStore>();
    const auto stable = std::make_shared<MemoryStableStore>();
    machine.logs = logs.get();
    Config config;
    config.local_id = {address.value};
    if (slow) {
      config.apply_entries_max = 1;
      config.tail_cache_bytes_max = 0;
    }
    ASSERT_TRUE(bootstrap_cluster(config, {*logs, *stable, *machine.snapshots}, configuration));
    auto raft = Raft::create(config, machine.fsm, logs, stable, machine.snapshots, transport);
    ASSERT_TRUE(raft) << to_string(raft.error());
    machine.raft = *std::move(raft);
  }

  template <class Condition>
  bool run_until(Condition condition) {
    const Instant until = scheduler.now() + 60s;
    while (!condition() && scheduler.now() < until && scheduler.run_next()) {
    }
    return condition();
  }
  template <class T>
  Result<T> await(Future<T> future) {
    std::optional<Result<T>> outcome;
    std::move(future).then([&](Result<T> result) { outcome.emplace(std::move(result)); });
    EXPECT_TRUE(run_until([&] { return outcome.has_value(); }));
    return std::move(*outcome);
  }
  Raft* leader() {
    for (Machine& machine : machines)
      if (machine.raft->status().role == Role::leader) return machine.raft.get();
    return nullptr;
  }
  Result<Applied> write(const std::string& text) {
    return await(leader()->apply(SharedBytes::copy_of(text)));
  }
  bool all_hold(const std::string& text) {
    return run_until([&] {
      for (const Machine& machine : machines)
        if (machine.fsm->text != text) return false;
      return true;
    });
  }
  Result<void> restore(const std::string& text, std::uint64_t size) {
    return await(leader()->restore({.last = {{9}, {500}}, .size = size},
                                   std::make_unique<TextSource>(text)));
  }

  testing::Scheduler scheduler{1};
  std::shared_ptr<DirectNetwork> network =
      std::make_shared<DirectNetwork>(std::make_shared<PromptCourier>());
  std::uint64_t seeds = 0;
  bool slow = false;
  std::array<Machine, 3> machines;
};

// Reference §8.16: every server takes the state over, at an index that none of them had.
TEST_P(Restoring, GivesEveryServerTheStateOfASnapshotFromOutside) {
  found();
  ASSERT_TRUE(write("before "));
  ASSERT_TRUE(all_hold("before "));
  const Result<void> done = restore("restored ", 9);
  ASSERT_TRUE(done) << to_string(done.error());
  EXPECT_TRUE(all_hold("restored "));
  const auto after = write("after");
  ASSERT_TRUE(after) << to_string(after.error());
  EXPECT_LT(LogIndex{502}, after->index);
  EXPECT_TRUE(all_hold("restored after"));
}

// An entry that is being read from the log to be applied would be gone with the log.
TEST_P(Restoring, WaitsForTheEntryThatIsBeingApplied) {
  found(true);
  for (int attempt = 0; attempt < 20; ++attempt) {
    const LogIndex before = leader()->status().commit_index;
    for (int i = 0; i < 40; ++i)
      leader()->apply(SharedBytes::copy_of("x")).then([](const Result<Applied>&) {});
    ASSERT_TRUE(run_until([&] { return before + 5 < leader()->status().applied_index; }));
    const Result<void> done = restore("restored ", 9);
    ASSERT_TRUE(done) << to_string(done.error());
    EXPECT_TRUE(all_hold("restored "));
  }
}

TEST_P(Restoring, IsRefusedIfTheStateIsNotAsLongAsItsDescriptionSays) {
  found();
  ASSERT_TRUE(write("before "));
  const Result<void> done = restore("restored ", 10);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::corrupt);
  ASSERT_TRUE(write("after"));
  EXPECT_TRUE(all_hold("before after"));
}

// The state may be there at the next start, as the newest, behind a log that went on without it.
TEST_P(Restoring, StopsALeaderThatCannotSayWhetherTheStateIsStored) {
  found();
  ASSERT_TRUE(write("before "));
  ASSERT_TRUE(all_hold("before "));
  for (Machine& machine : machines)
    machine.snapshots->is_unsure = true;
  Raft* const unsure = leader();
  Future<Error> stopped = unsure->stopped();
  EXPECT_FALSE(restore("restored ", 9));
  const Result<Error> why = await(std::move(stopped));
  ASSERT_TRUE(why);
  EXPECT_EQ(why->code, Errc::io_error);
  ASSERT_TRUE(run_until([&] { return leader() != nullptr && leader() != unsure; }));
  ASSERT_TRUE(write("after"));
}

TEST_P(Restoring, IsRefusedByAFollower) {
  found();
  for (Machine& machine : machines) {
    if (machine.raft.get() == leader()) continue;
    const Result<void> done =
        await(machine.raft->restore({.size = 1}, std::make_unique<TextSource>("x")));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Errc::not_leader);
  }
}

TEST_P(Restoring, SnapshotOnRequestSaysWhatItCovers) {
  found();
  ASSERT_TRUE(write("one"));
  const Result<SnapshotMeta> meta = await(leader()->snapshot());
  ASSERT_TRUE(meta) << to_string(meta.error());
  EXPECT_EQ(meta->size, 3U);
  EXPECT_EQ(meta->last, leader()->status().snapshot);
  EXPECT_EQ(await(leader()->snapshot()).error().code, Errc::nothing_new_to_snapshot);
}

INSTANTIATE_TEST_SUITE_P(LanesInlineAndNot, Restoring, ::testing::Values(0, 50, 100));

}  // namespace
}  // namespace proa
