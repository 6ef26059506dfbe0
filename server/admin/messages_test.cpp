#include "server/admin/messages.hpp"

#include <gtest/gtest.h>

namespace proa::server {
namespace {

Configuration two_servers() {
  return {{{.id = {"a#1"}, .address = {"h:1"}},
           {.suffrage = Suffrage::nonvoter, .id = {"b#2"}, .address = {"h:2"}}}};
}

TEST(AdminMessages, AStandingReadsAsWrittenAndNoShorter) {
  const Standing standing{.kind = Standing::Kind::holding,
                          .id = {"a#1"},
                          .cluster = "a=h:1,b=h:2",
                          .configuration = two_servers()};
  const SharedBytes bytes = encode(standing);
  EXPECT_EQ(decode_standing(bytes).value(), standing);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_standing(bytes.view().first(size))) << size;
}

TEST(AdminMessages, AStatusReadsAsWritten) {
  ServerStatus status{.id = {"a#1"},
                      .version = "0.1.0",
                      .phase = ServerStatus::Phase::running,
                      .client_address = "h:7400",
                      .contact_milliseconds = 18};
  status.raft.role = Role::leader;
  status.raft.term = {7};
  status.raft.leader = Server{.id = {"a#1"}, .address = {"h:1"}};
  status.raft.last_log = {.term = {7}, .index = {100}};
  status.raft.applied_index = {99};
  status.raft.latest_configuration = {.configuration = two_servers(), .index = {4}};
  const SharedBytes bytes = encode(status);
  const ServerStatus read = decode_status(bytes).value();
  EXPECT_EQ(read.raft.role, Role::leader);
  EXPECT_EQ(read.raft.leader, status.raft.leader);
  EXPECT_EQ(read.raft.applied_index, LogIndex{99});
  EXPECT_EQ(read.raft.latest_configuration, status.raft.latest_configuration);
  EXPECT_EQ(read.client_address, "h:7400");
  EXPECT_EQ(read.contact_milliseconds, 18U);
  EXPECT_TRUE(equal(encode(read), bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_status(bytes.view().first(size))) << size;
}

TEST(AdminMessages, AKindThatOnlyANewerVersionKnowsIsRefused) {
  const SharedBytes good = encode(Standing{});
  std::vector<std::byte> bytes{good.view().begin(), good.view().end()};
  bytes[0] = std::byte{9};
  EXPECT_FALSE(decode_standing(bytes));
}

}  // namespace
}  // namespace proa::server
