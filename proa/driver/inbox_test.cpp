#include "proa/driver/inbox.hpp"

#include <gtest/gtest.h>

namespace proa::driver {
namespace {

using Pushed = Inbox::Pushed;

Proposal of_bytes(std::size_t count) {
  return {.data = SharedBytes::take(std::string(count, 'x'))};
}

Call verify() {
  Promise<void> promise{nullptr};
  promise.future().then([](Result<void>) {});
  return VerifyCall{std::move(promise)};
}

void finish(Call call) { std::get<VerifyCall>(call).promise.complete({}); }

std::size_t take(Inbox& inbox, std::size_t enough = 1) {
  std::vector<Proposal> taken;
  inbox.take_proposals(enough, taken);
  return taken.size();
}

TEST(InboxOfANode, WakesTheLoopOncePerLook) {
  Inbox inbox{{}};
  EXPECT_EQ(inbox.push(of_bytes(1)), Pushed::wake_loop);
  EXPECT_EQ(inbox.push(of_bytes(1)), Pushed::taken);
  inbox.take_calls();
  EXPECT_EQ(take(inbox), 2U);
  EXPECT_EQ(inbox.push(of_bytes(1)), Pushed::wake_loop);
}

TEST(InboxOfANode, DoesNotWakeForProposalsWhileARoundIsOnItsWay) {
  Inbox inbox{{}};
  EXPECT_EQ(take(inbox, Inbox::kAsleep), 0U);
  EXPECT_EQ(inbox.push(of_bytes(1)), Pushed::taken);
  EXPECT_EQ(take(inbox, Inbox::kAsleep), 0U);
  EXPECT_EQ(take(inbox), 1U);
}

TEST(InboxOfANode, WakesWhenThereAreEnough) {
  Inbox inbox{{}};
  EXPECT_EQ(take(inbox, 3), 0U);
  EXPECT_EQ(inbox.push(of_bytes(1)), Pushed::taken);
  EXPECT_EQ(inbox.push(of_bytes(1)), Pushed::taken);
  EXPECT_EQ(inbox.push(of_bytes(1)), Pushed::wake_loop);
  EXPECT_EQ(take(inbox, 3), 3U);
}

TEST(InboxOfANode, RefusesWhatDoesNotFitByNumber) {
  Inbox inbox{{.proposals = 2}};
  inbox.push(of_bytes(1));
  inbox.push(of_bytes(1));
  EXPECT_EQ(inbox.push(of_bytes(1)), Pushed::full);
  EXPECT_EQ(take(inbox), 2U);
  EXPECT_EQ(inbox.push(of_bytes(1)), Pushed::taken);
}

TEST(InboxOfANode, RefusesWhatDoesNotFitByBytes) {
  Inbox inbox{{.proposal_bytes = 10}};
  EXPECT_EQ(inbox.push(of_bytes(6)), Pushed::wake_loop);
  EXPECT_EQ(inbox.push(of_bytes(5)), Pushed::full);
  EXPECT_EQ(inbox.push(of_bytes(4)), Pushed::taken);
  EXPECT_EQ(take(inbox), 2U);
  EXPECT_EQ(inbox.push(of_bytes(10)), Pushed::taken);
}

TEST(InboxOfANode, TakesOfManyWhatFits) {
  Inbox inbox{{.proposals = 2}};
  std::vector<Proposal> proposals(3);
  std::size_t taken = 0;
  EXPECT_EQ(inbox.push_all(proposals, taken), Pushed::wake_loop);
  EXPECT_EQ(taken, 2U);
  EXPECT_EQ(inbox.push_all(std::span{proposals}.subspan(2), taken), Pushed::full);
  EXPECT_EQ(taken, 0U);
}

TEST(InboxOfANode, TakesAllOfManyIfTheyFit) {
  Inbox inbox{{.proposals = 5}};
  std::vector<Proposal> proposals(3);
  std::size_t taken = 0;
  EXPECT_EQ(inbox.push_all(proposals, taken), Pushed::wake_loop);
  EXPECT_EQ(taken, 3U);
  EXPECT_EQ(take(inbox), 3U);
}

TEST(InboxOfANode, HasALimitForEachKindOfCall) {
  Inbox inbox{{.verify_calls = 1}};
  Call first = verify();
  Call second = verify();
  EXPECT_EQ(inbox.push(std::move(first)), Pushed::wake_loop);
  EXPECT_EQ(inbox.push(std::move(second)), Pushed::full);
  EXPECT_EQ(inbox.push(Call{ReloadCall{}}), Pushed::taken);
  std::vector<Call> calls = inbox.take_calls();
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(inbox.push(std::move(second)), Pushed::wake_loop);
  finish(std::move(calls.front()));
  finish(std::move(inbox.take_calls().front()));
}

TEST(InboxOfANode, RefusesEverythingOnceItIsClosed) {
  Inbox inbox{{}};
  inbox.push(of_bytes(1));
  inbox.close();
  EXPECT_EQ(inbox.push(of_bytes(1)), Pushed::closed);
  EXPECT_EQ(inbox.push(Call{ReloadCall{}}), Pushed::closed);
  EXPECT_EQ(take(inbox), 1U);
}

}  // namespace
}  // namespace proa::driver
