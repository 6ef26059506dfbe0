#include <gtest/gtest.h>

#include <functional>

#include "proa/model/config.hpp"
#include "proa/model/configuration.hpp"
#include "proa/model/entry.hpp"
#include "proa/model/log_summary.hpp"
#include "proa/model/messages.hpp"

namespace proa {
namespace {

using namespace std::chrono_literals;

Config valid() {
  Config config;
  config.local_id = {"n1"};
  return config;
}

TEST(Config, DefaultsAreValidOnceThereIsAnId) {
  EXPECT_TRUE(validate(valid()));
  EXPECT_EQ(validate(Config{}).error().detail, "local_id cannot be empty");
}

// Reference §2.2, rule by rule, each at the bound and one step beyond it.
TEST(Config, EachBoundIsExact) {
  struct Case {
    std::function<void(Config&)> good;
    std::function<void(Config&)> bad;
    const char* named;
  };
  const std::vector<Case> cases = {
      {[](Config& c) { c.protocol_version = 3; }, [](Config& c) { c.protocol_version = 2; },
       "protocol_version 2"},
      {[](Config& c) { c.heartbeat_timeout = c.leader_lease_timeout = 5ms; },
       [](Config& c) { c.heartbeat_timeout = 4ms; }, "heartbeat_timeout is too low: 4ms"},
      {[](Config& c) { c.election_timeout = 1000ms; }, [](Config& c) { c.election_timeout = 4ms; },
       "election_timeout is too low: 4ms"},
      {[](Config& c) { c.commit_timeout = 1ms; }, [](Config& c) { c.commit_timeout = 999us; },
       "commit_timeout is too low"},
      {[](Config& c) { c.append_entries_max = 1; }, [](Config& c) { c.append_entries_max = 0; },
       "append_entries_max is 0"},
      {[](Config& c) { c.append_entries_max = 1024; },
       [](Config& c) { c.append_entries_max = 1025; }, "append_entries_max is 1025"},
      {[](Config& c) { c.snapshot_interval = 5ms; }, [](Config& c) { c.snapshot_interval = 4ms; },
       "snapshot_interval is too low: 4ms"},
      {[](Config& c) { c.leader_lease_timeout = 5ms; },
       [](Config& c) { c.leader_lease_timeout = 4ms; }, "leader_lease_timeout is too low: 4ms"},
      {[](Config& c) { c.leader_lease_timeout = 1000ms; },
       [](Config& c) { c.leader_lease_timeout = 2s; },
       "leader_lease_timeout (2s) cannot be larger than heartbeat_timeout (1s)"},
      {[](Config& c) { c.election_timeout = c.heartbeat_timeout; },
       [](Config& c) { c.election_timeout = 999ms; }, "election_timeout (999ms) must be"},
      {[](Config& c) { c.command_bytes_max = 1; }, [](Config& c) { c.command_bytes_max = 0; },
       "command_bytes_max is 0"},
      {[](Config& c) { c.trailing_logs = 0; }, [](Config& c) { c.logger = nullptr; }, "logger"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.named);
    Config config = valid();
    one.good(config);
    EXPECT_TRUE(validate(config));
    config = valid();
    one.bad(config);
    const Result<void> checked = validate(config);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, Errc::invalid_config);
    EXPECT_NE(checked.error().detail.find(one.named), std::string::npos) << checked.error().detail;
  }
}

Server voter(const std::string& id) { return {Suffrage::voter, {id}, {id + ":1"}}; }

// Reference §8.13.3.
TEST(Configuration, IsRefusedForWhatTheModelRefuses) {
  EXPECT_TRUE(validate(Configuration{{voter("a"), voter("b")}}));
  const auto detail = [](std::vector<Server> servers) {
    return validate(Configuration{std::move(servers)}).error().detail;
  };
  EXPECT_EQ(detail({voter("a"), voter("a")}), "found duplicate ID in configuration: a");
  EXPECT_EQ(detail({voter("a"), {Suffrage::voter, {"b"}, {"a:1"}}}),
            "found duplicate address in configuration: a:1");
  EXPECT_EQ(detail({{Suffrage::voter, {}, {"x"}}}), "empty ID in configuration: {Voter  x}");
  EXPECT_EQ(detail({{Suffrage::voter, {"x"}, {}}}), "empty address in configuration: {Voter x }");
  EXPECT_EQ(detail({}), "need at least one voter in configuration: {[]}");
}

TEST(Configuration, CountsVotersOnly) {
  const Configuration configuration{
      {voter("a"), voter("b"), voter("c"), {Suffrage::nonvoter, {"d"}, {"d:1"}}}};
  EXPECT_EQ(configuration.quorum(), 2U);
  EXPECT_TRUE(configuration.is_member({"d"}));
  EXPECT_FALSE(configuration.has_vote({"d"}));
}

std::shared_ptr<const EntryBlock> block(std::uint64_t first, std::uint64_t count) {
  auto made = std::make_shared<EntryBlock>();
  made->owners.push_back(SharedBytes::copy_of("0123456789"));
  for (std::uint64_t i = 0; i < count; ++i) {
    made->entries.push_back(
        Entry{.index = LogIndex{first + i}, .term = Term{1}, .head = made->owners.front().view()});
  }
  return made;
}

TEST(EntryView, CutsAcrossBlocks) {
  EntryView view{block(5, 3)};
  view.append(EntryView{block(8, 3)});
  EXPECT_EQ(view.size(), 6U);
  EXPECT_EQ(view.encoded_bytes(), 60U);
  const EntryView middle = view.sub({LogIndex{7}, LogIndex{8}});
  EXPECT_EQ(middle.first_index(), LogIndex{7});
  EXPECT_EQ(middle.last_index(), LogIndex{8});
  EXPECT_EQ(middle.runs().size(), 2U);
  EXPECT_TRUE(view.sub({LogIndex{7}, LogIndex{6}}).empty());
}

TEST(EntryView, PrefixKeepsBothLimitsButAtLeastOneEntry) {
  EntryView view{block(1, 4)};
  EXPECT_EQ(view.prefix(3, 1000).size(), 3U);
  EXPECT_EQ(view.prefix(100, 20).size(), 2U);
  EXPECT_EQ(view.prefix(100, 1).size(), 1U);
  EXPECT_EQ(view.prefix(100, 1000).size(), 4U);
}

}  // namespace
}  // namespace proa
