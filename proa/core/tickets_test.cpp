#include "proa/core/tickets.hpp"

#include "proa/core/deferred.hpp"
#include "proa/core/test_support.hpp"

namespace proa::core::test {
namespace {

Ticket append_up_to(Tickets& tickets, std::uint64_t last) {
  tickets.write_entries();
  return tickets.take({}, {last})->ticket;
}

TEST(Tickets, WhatSeveralStepsWantJoinsOneWrite) {
  Tickets tickets{LogIndex{5}};
  EXPECT_EQ(tickets.take({}, {5}), std::nullopt) << "nothing to write";
  tickets.write_entries();
  const Ticket saved = tickets.save_hard_state();
  EXPECT_EQ(tickets.newest(), saved);
  EXPECT_EQ(tickets.take({.term = {2}}, {8}),
            (Write{.ticket = {1}, .hard_state = HardState{.term = {2}}, .append = {{6}, {8}}}));
  EXPECT_EQ(tickets.take({.term = {2}}, {8}), std::nullopt);
}

TEST(Tickets, PersistedIsCumulative) {
  Tickets tickets{LogIndex{5}};
  append_up_to(tickets, 6);
  append_up_to(tickets, 8);
  const Ticket third = append_up_to(tickets, 9);
  tickets.persist({2});
  EXPECT_EQ(tickets.durable_index(), LogIndex{8});
  EXPECT_FALSE(tickets.has_persisted(third));
  tickets.persist(third);
  tickets.persist({1});  // an old one again
  EXPECT_EQ(tickets.durable_index(), LogIndex{9});
}

// Entries 6 to 8 are being written when 7 is replaced. The first write covers entry 6 only; the new
// 7 is durable with the second.
TEST(Tickets, TruncationLowersWhatAWriteInFlightCovers) {
  Tickets tickets{LogIndex{5}};
  const Ticket first = append_up_to(tickets, 8);
  tickets.truncate_from({7});
  tickets.write_entries();
  EXPECT_EQ(tickets.take({}, {7}),
            (Write{.ticket = {2}, .truncate_from = LogIndex{7}, .append = {{7}, {7}}}));
  tickets.persist(first);
  EXPECT_EQ(tickets.durable_index(), LogIndex{6});
  tickets.persist({2});
  EXPECT_EQ(tickets.durable_index(), LogIndex{7});
}

TEST(Tickets, TruncationLowersTheDurableIndex) {
  Tickets tickets{LogIndex{5}};
  tickets.truncate_from({3});
  EXPECT_EQ(tickets.durable_index(), LogIndex{2});
}

TEST(Tickets, OfSeveralTruncationsInOneWriteTheLowestIsLeft) {
  Tickets tickets{LogIndex{5}};
  tickets.truncate_from({5});
  tickets.truncate_from({3});
  EXPECT_EQ(tickets.take({}, {4})->truncate_from, LogIndex{3});
}

TEST(Tickets, WhatWasNeverGivenToTheDiskIsNotCutOffThere) {
  Tickets tickets{LogIndex{5}};
  tickets.write_entries();  // 6 to 8, say
  tickets.truncate_from({7});
  EXPECT_EQ(tickets.take({}, {9}), (Write{.ticket = {1}, .append = {{6}, {9}}}));
}

TEST(Tickets, ARestartLowersEverythingToTheSnapshot) {
  Tickets tickets{LogIndex{5}};
  append_up_to(tickets, 20);
  tickets.truncate_from({18});
  tickets.restart_after({.term = {3}, .index = {10}});
  tickets.write_entries();
  EXPECT_EQ(tickets.take({}, {11}), (Write{.ticket = {2},
                                           .restart_after = LogPosition{.term = {3}, .index = {10}},
                                           .append = {{11}, {11}}}));
  tickets.persist({1});
  EXPECT_EQ(tickets.durable_index(), LogIndex{10});
  tickets.persist({2});
  EXPECT_EQ(tickets.durable_index(), LogIndex{11});
}

TEST(Deferred, LeavesInOrderOnceDurable) {
  Deferred deferred;
  deferred.hold({2}, Answer{.to = {1}, .reply = AppendEntriesReply{.success = true}});
  deferred.hold({1}, Answer{.to = {2}, .reply = RequestVoteReply{.granted = true}});
  std::vector<Send> out;
  deferred.release({1}, out);
  EXPECT_EQ(out, (std::vector{answer(RequestVoteReply{.granted = true}, 2)}));
  out.clear();
  deferred.release({3}, out);
  EXPECT_EQ(out, (std::vector{answer(AppendEntriesReply{.success = true}, 1)}));
}

// A reply that was never sent would block its connection; one that still granted would speak for a
// term that is over.
TEST(Deferred, OfAnOldTermBecomesARefusalBehindTheNewTerm) {
  Deferred deferred;
  deferred.hold({1}, Answer{.to = {1}, .reply = RequestVoteReply{.term = {4}, .granted = true}});
  deferred.hold({1},
                Answer{.to = {2},
                       .reply = AppendEntriesReply{.term = {4}, .last_log = {7}, .success = true}});
  deferred.hold({1},
                Answer{.to = {3}, .reply = InstallSnapshotReply{.term = {4}, .success = true}});
  deferred.refuse_replies({5}, {2});
  std::vector<Send> out;
  deferred.release({1}, out);
  EXPECT_TRUE(out.empty());
  deferred.release({2}, out);
  EXPECT_EQ(out, (std::vector{answer(RequestVoteReply{.term = {5}}, 1),
                              answer(AppendEntriesReply{.term = {5}, .last_log = {7}}, 2),
                              answer(InstallSnapshotReply{.term = {5}}, 3)}));
}

TEST(Deferred, RequestsOfACampaignThatIsOverAreDropped) {
  Deferred deferred;
  deferred.hold({1}, SendRequest{.to = b, .message = RequestVoteRequest{}});
  EXPECT_TRUE(deferred.has_requests());
  deferred.drop_requests();
  std::vector<Send> out;
  deferred.release({1}, out);
  EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace proa::core::test
