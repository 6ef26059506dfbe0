#include "proa/runtime/open.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "proa/port/value_fsm.hpp"
#include "proa/runtime/detail/temporary_directory.hpp"

namespace proa {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

struct Counter : ValueFsm<std::int64_t> {
  std::any apply_one(std::int64_t& total, const Committed& entry) override {
    return total += as_int64(entry.command).value_or(0);
  }
};

Result<OpenOptions> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "program");
  return options_from(static_cast<int>(words.size()), words.data());
}

OpenOptions single_server(const std::string& directory) {
  OpenOptions options;
  options.directory = directory;
  options.cluster.servers = {{.id = {"n1"}, .address = {"127.0.0.1:0"}}};
  options.config.local_id = {"n1"};
  options.config.heartbeat_timeout = options.config.election_timeout =
      std::chrono::milliseconds{100};
  options.config.leader_lease_timeout = std::chrono::milliseconds{100};
  return options;
}

TEST(OptionsFrom, AnEmptyCommandLineAreThoseOfASingleServer) {
  const auto options = parse({});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->config.local_id.value, "n1");
  EXPECT_EQ(options->directory, "proa-n1");
  EXPECT_FALSE(options->joins);
  ASSERT_EQ(options->cluster.servers.size(), 1U);
  EXPECT_EQ(options->cluster.servers[0].address.value, "127.0.0.1:7401");
}

TEST(OptionsFrom, EverythingCanBeSaid) {
  const auto options =
      parse({"--cluster", "a=h1:1,b=h2:2", "--name", "b", "--data", "/tmp/b", "--join"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->config.local_id.value, "b");
  EXPECT_EQ(options->directory, "/tmp/b");
  EXPECT_TRUE(options->joins);
  ASSERT_EQ(options->cluster.servers.size(), 2U);
  EXPECT_EQ(options->cluster.servers[1], (Server{.id = {"b"}, .address = {"h2:2"}}));
}

TEST(OptionsFrom, AMistakeIsNamed) {
  const auto says = [](std::vector<const char*> words) {
    const auto options = parse(std::move(words));
    EXPECT_FALSE(options);
    if (options) return std::string{};
    EXPECT_EQ(options.error().code, Errc::invalid_config);
    return options.error().detail;
  };
  EXPECT_THAT(says({"--nmae", "n1"}),
              AllOf(HasSubstr("--nmae"), HasSubstr("known are --name NAME")));
  EXPECT_THAT(says({"--name"}), HasSubstr("--name"));
  EXPECT_THAT(says({"--data", "here", "--data", "there"}), HasSubstr("--data"));
  EXPECT_THAT(says({"stray"}), HasSubstr("stray"));
  EXPECT_THAT(says({"--cluster", ""}), Not(HasSubstr("known are")));
  EXPECT_THAT(says({"--cluster", "n1"}), HasSubstr("'n1' is no NAME=HOST:PORT"));
  EXPECT_THAT(says({"--cluster", "n1=h:1,n1=h:2"}), HasSubstr("n1"));
}

TEST(Open, PassesOnWhatIsWrongWithTheOptions) {
  const auto raft = open(parse({"--name"}), std::make_shared<Counter>());
  ASSERT_FALSE(raft);
  EXPECT_THAT(raft.error().detail, HasSubstr("--name"));
}

TEST(Open, RefusesAServerThatIsNotOfTheCluster) {
  detail::TemporaryDirectory directory;
  OpenOptions options = single_server(directory / "data");
  options.config.local_id = {"n2"};
  const auto raft = open(options, std::make_shared<Counter>());
  ASSERT_FALSE(raft);
  EXPECT_THAT(raft.error().detail, HasSubstr("'n2', is none of the cluster"));
  EXPECT_FALSE(std::filesystem::exists(directory / "data"));
}

TEST(Open, FoundsAClusterOnceAndGoesOnWithWhatIsThere) {
  detail::TemporaryDirectory directory;
  for (const std::int64_t expected : {1, 2}) {
    const auto counter = std::make_shared<Counter>();
    auto raft = open(single_server(directory / "data"), counter);
    ASSERT_TRUE(raft) << to_string(raft.error());
    ASSERT_TRUE((*raft)->wait_leader().get());
    ASSERT_TRUE((*raft)->apply(bytes_of(std::int64_t{1})).get());
    const auto total =
        (*raft)->read(ReadLevel::linearizable, [counter] { return counter->value(); }).get();
    ASSERT_TRUE(total) << to_string(total.error());
    EXPECT_EQ(*total, expected);
    EXPECT_TRUE((*raft)->shutdown().get());
  }
}

TEST(Open, AServerThatJoinsFoundsNothing) {
  detail::TemporaryDirectory directory;
  OpenOptions options = single_server(directory / "data");
  options.joins = true;
  const auto raft = open(options, std::make_shared<Counter>());
  ASSERT_TRUE(raft) << to_string(raft.error());
  EXPECT_TRUE((*raft)->status().latest_configuration.configuration.empty());
}

}  // namespace
}  // namespace proa
