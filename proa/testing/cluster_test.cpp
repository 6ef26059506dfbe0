// The simulator for users finds what users get wrong: each mistake is planted once, and the same
// state machine without it passes.

#include "proa/testing/cluster.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "proa/port/value_fsm.hpp"

namespace proa::testing {
namespace {

using namespace std::chrono_literals;

/// Gives out numbers, each once: the last one is the state.
struct Numbers : ValueFsm<std::int64_t> {
  std::any apply_one(std::int64_t& last, const Committed& entry) override {
    return last += as_int64(entry.command).value_or(0);
  }
};

template <class F>
struct Asks : Workload {
  std::shared_ptr<Fsm> make_fsm() override { return std::make_shared<F>(); }
  SharedBytes next_command(Choices& random) override {
    return bytes_of(static_cast<std::int64_t>(1 + random.below(9)));
  }
};

template <class F>
std::string found_by(Preset preset, std::uint64_t seeds) {
  const Exploration explored = explore<Asks<F>>({.preset = preset}, {.count = seeds});
  return explored.finding ? explored.finding->what : "";
}

struct EveryPreset : ::testing::TestWithParam<Preset> {};

TEST_P(EveryPreset, FindsNothingInAStateMachineWithoutMistakes) {
  const Exploration explored = explore<Asks<Numbers>>({.preset = GetParam()}, {.count = 15});
  EXPECT_FALSE(explored.finding) << to_string(explored);
  EXPECT_EQ(explored.seeds, 15U);
}

TEST_P(EveryPreset, HasSomethingToLookAt) {
  const ClusterFacts facts =
      explore<Asks<Numbers>>({.preset = GetParam()}, {.first = 100, .count = 5}).facts;
  EXPECT_GE(facts.acknowledged, 500U);
  EXPECT_GT(facts.reads, 0U);
  EXPECT_GE(facts.simulated, 100s);
  EXPECT_GE(facts.elections, 10U);  // each seed has one, and one after the restart
  EXPECT_GE(facts.crashes, 15U);    // of the restart
  EXPECT_GT(facts.snapshots, 0U);
  EXPECT_GT(facts.restores, 0U);
  EXPECT_GT(facts.states_compared, 100U);
}

INSTANTIATE_TEST_SUITE_P(Presets, EveryPreset,
                         ::testing::Values(Preset::calm, Preset::flaky_network, Preset::dying_disks,
                                           Preset::everything));

TEST(Preset, DecidesWhatBreaks) {
  const auto crashes = [](Preset preset) {
    return explore<Asks<Numbers>>({.preset = preset}, {.count = 1}).facts.crashes;
  };
  const std::uint64_t of_the_restart = 3;
  EXPECT_EQ(crashes(Preset::calm), of_the_restart);
  EXPECT_EQ(crashes(Preset::flaky_network), of_the_restart);
  EXPECT_GT(crashes(Preset::dying_disks), of_the_restart);
}

TEST(Cluster, IsTheSameTwiceWithOneSeed) {
  const auto events = [](std::uint64_t seed) {
    Asks<Numbers> workload;
    Cluster cluster{workload, {}, seed};
    EXPECT_FALSE(cluster.run());
    return std::pair{cluster.facts().events, cluster.now()};
  };
  EXPECT_EQ(events(7), events(7));
  EXPECT_NE(events(7), events(8));
}

/// The last number is kept beside the value, where no snapshot looks.
struct Forgetful : ValueFsm<std::int64_t> {
  std::any apply_one(std::int64_t& value, const Committed&) override { return value = ++last_; }
  std::int64_t last_ = 0;
};

TEST(Cluster, FindsAStateThatIsNotInTheSnapshot) {
  EXPECT_NE(found_by<Forgetful>(Preset::calm, 20).find("replicas differ"), std::string::npos);
  EXPECT_NE(found_by<Forgetful>(Preset::everything, 20).find("replicas differ"), std::string::npos);
}

/// Every state machine of the process draws from one source, as they would from a clock.
struct Random9 : ValueFsm<std::int64_t> {
  std::any apply_one(std::int64_t& value, const Committed&) override { return value = ++drawn; }
  static std::int64_t drawn;
};
std::int64_t Random9::drawn = 0;

TEST(Cluster, FindsAStateThatComesFromOutside) {
  EXPECT_NE(found_by<Random9>(Preset::calm, 1).find("replicas differ"), std::string::npos);
}

/// A state machine over a string, written out by hand, with room for mistakes.
struct Text : Fsm {
  void apply(std::span<const Committed> batch, Responses& responses) override {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      text += static_cast<char>('0' + as_int64(batch[i].command).value_or(0));
      if (text.size() > 40) text.erase(0, 20);
      if (responses.wanted(i)) responses.set(i, text);
    }
  }
  struct Copy : Snapshot {
    explicit Copy(std::string copied) : text(std::move(copied)) {}
    Result<void> write_to(SnapshotSink& sink) override { return sink.write(view_of(text)); }
    std::string text;
  };
  Result<std::unique_ptr<Snapshot>> snapshot() override { return std::make_unique<Copy>(text); }
  Result<void> restore(ByteSource& source) override {
    std::array<std::byte, 64> buffer;
    PROA_TRY(const std::size_t size, source.read(buffer));
    text = std::string{text_of(ByteView{buffer}.first(size))};
    return {};
  }
  std::string text = {};
};

TEST(Cluster, FindsNothingInAStateMachineWrittenByHand) {
  EXPECT_EQ(found_by<Text>(Preset::everything, 15), "");
}

struct CountsBatches : Text {
  void apply(std::span<const Committed> batch, Responses& responses) override {
    Text::apply(batch, responses);
    text += '|';
  }
};

TEST(Cluster, FindsAStateThatDependsOnHowCommandsAreBundled) {
  EXPECT_NE(found_by<CountsBatches>(Preset::calm, 20).find("replicas differ"), std::string::npos);
}

/// The snapshot is written from the state as it is by then.
struct LiveSnapshot : Text {
  struct Reference : Snapshot {
    explicit Reference(const std::string& of) : text(of) {}
    Result<void> write_to(SnapshotSink& sink) override { return sink.write(view_of(text)); }
    const std::string& text;
  };
  Result<std::unique_ptr<Snapshot>> snapshot() override {
    return std::make_unique<Reference>(text);
  }
};

TEST(Cluster, FindsASnapshotThatIsNoCopy) {
  EXPECT_NE(found_by<LiveSnapshot>(Preset::calm, 20).find("a new state machine"),
            std::string::npos);
}

struct RefusesItsOwn : Text {
  Result<void> restore(ByteSource& source) override {
    PROA_TRY(Text::restore(source));
    if (text.size() > 20) return fail(Errc::corrupt, "that long it never was");
    return {};
  }
};

TEST(Cluster, FindsASnapshotThatCannotBeRestored) {
  EXPECT_NE(found_by<RefusesItsOwn>(Preset::calm, 20).find("that long it never was"),
            std::string::npos);
}

struct WithoutSnapshots : Text {
  Result<std::unique_ptr<Snapshot>> snapshot() override {
    return fail(Errc::nothing_new_to_snapshot, "this one takes none");
  }
};

TEST(Cluster, ComparesNoStatesThatNobodyDescribes) {
  const Exploration explored = explore<Asks<WithoutSnapshots>>({}, {.count = 3});
  EXPECT_FALSE(explored.finding) << to_string(explored);
  EXPECT_EQ(explored.facts.states_compared, 0U);
  EXPECT_NE(to_string(explored).find("see Workload::state_of"), std::string::npos);
}

struct Described : Asks<WithoutSnapshots> {
  std::optional<std::string> state_of(const Fsm& fsm) override {
    return static_cast<const WithoutSnapshots&>(fsm).text;
  }
};

TEST(Cluster, ComparesTheStatesThatTheWorkloadDescribes) {
  const Exploration explored = explore<Described>({}, {.count = 3});
  EXPECT_FALSE(explored.finding) << to_string(explored);
  EXPECT_GT(explored.facts.states_compared, 100U);
}

struct Suspicious : Asks<Numbers> {
  std::string check_answer(ByteView command, const Applied& answer) override {
    const auto total = std::any_cast<std::int64_t>(answer.response);
    return total < 300 ? "" : describe(command) + " made it " + std::to_string(total);
  }
  std::string describe(ByteView command) const override {
    return "add " + std::to_string(as_int64(command).value_or(0));
  }
};

TEST(Workload, IsAskedAboutEveryAnswer) {
  const Exploration explored = explore<Suspicious>({.preset = Preset::calm});
  ASSERT_TRUE(explored.finding);
  EXPECT_TRUE(explored.finding->what.starts_with("check_answer: add ")) << to_string(explored);
}

struct Watchful : Asks<Numbers> {
  std::string check_always(const Cluster& cluster) override {
    for (std::size_t server = 0; server < cluster.size(); ++server) {
      const auto* numbers = cluster.fsm<Numbers>(server);
      if (numbers != nullptr && numbers->value() >= 300) {
        return "s" + std::to_string(server + 1) + " counts to " + std::to_string(numbers->value());
      }
    }
    return "";
  }
};

TEST(Workload, IsAskedAfterEveryEvent) {
  const Exploration explored = explore<Watchful>({.preset = Preset::calm});
  ASSERT_TRUE(explored.finding);
  EXPECT_TRUE(explored.finding->what.starts_with("check_always: s")) << to_string(explored);
  EXPECT_LT(explored.finding->at.since_start, 20s);
}

struct Final : Asks<Numbers> {
  std::string check_quiet(const Cluster& cluster) override {
    ++asked;
    for (std::size_t server = 0; server < cluster.size(); ++server) {
      if (cluster.applied(server) != cluster.applied(0)) return "one lags behind";
    }
    return asked == 2 ? "asked twice" : "";
  }
  int asked = 0;
};

TEST(Workload, IsAskedWhenAllIsQuietBeforeAndAfterTheRestart) {
  const Exploration explored = explore<Final>({.preset = Preset::flaky_network});
  ASSERT_TRUE(explored.finding);
  EXPECT_EQ(explored.finding->what, "check_quiet, after a restart: asked twice");
}

TEST(Explore, StopsAtTheFirstFindingAndSaysHowToSeeItAgain) {
  const Exploration explored = explore<Watchful>({.preset = Preset::calm}, {.first = 5});
  ASSERT_TRUE(explored.finding);
  EXPECT_EQ(explored.seeds, 1U);
  EXPECT_EQ(explored.finding->seed, 5U);
  EXPECT_TRUE(explored.finding->replay.starts_with("PROA_SEED=5 ")) << explored.finding->replay;
  EXPECT_NE(explored.finding->replay.find("testing_test"), std::string::npos);
}

TEST(Explore, RunsTheSeedThatTheEnvironmentNamesAndTellsWhatHappens) {
  const Exploration first = explore<Watchful>({}, {.first = 5});
  ASSERT_TRUE(first.finding);
  ::setenv("PROA_SEED", "5", 1);
  ::testing::internal::CaptureStderr();
  const Exploration again = explore<Watchful>();
  ::unsetenv("PROA_SEED");
  const std::string told = ::testing::internal::GetCapturedStderr();
  ASSERT_TRUE(again.finding);
  EXPECT_EQ(to_string(*again.finding), to_string(*first.finding));
  EXPECT_NE(told.find("LEADS"), std::string::npos) << told;
  EXPECT_NE(told.find("FAULT"), std::string::npos) << told;
}

// Fewer decisions, the same rule; and the file that is written breaks it again.
TEST(Explore, MakesAFindingSmallerIfTheEnvironmentAsksForIt) {
  ::setenv("PROA_SHRINK", "40", 1);
  ::testing::internal::CaptureStderr();
  const Exploration shrunk = explore<Asks<Forgetful>>({.preset = Preset::dying_disks});
  ::unsetenv("PROA_SHRINK");
  ASSERT_TRUE(shrunk.finding);
  EXPECT_TRUE(shrunk.finding->what.starts_with("replicas differ: ")) << to_string(shrunk);
  const std::string tape = "proa-" + std::to_string(shrunk.finding->seed) + ".tape";
  EXPECT_TRUE(shrunk.finding->replay.starts_with("PROA_TAPE=" + tape)) << shrunk.finding->replay;

  ::setenv("PROA_TAPE", tape.c_str(), 1);
  const Exploration again = explore<Asks<Forgetful>>({.preset = Preset::dying_disks});
  ::unsetenv("PROA_TAPE");
  ::testing::internal::GetCapturedStderr();
  std::remove(tape.c_str());
  ASSERT_TRUE(again.finding);
  EXPECT_EQ(again.finding->what, shrunk.finding->what);
}

TEST(Explore, SaysThatATapeCannotBeRead) {
  ::setenv("PROA_TAPE", "no-such.tape", 1);
  const Exploration explored = explore<Asks<Numbers>>();
  ::unsetenv("PROA_TAPE");
  ASSERT_TRUE(explored.finding);
  EXPECT_NE(explored.finding->what.find("cannot read no-such.tape"), std::string::npos);
}

}  // namespace
}  // namespace proa::testing
