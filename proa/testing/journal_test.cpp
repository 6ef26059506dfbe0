#include "proa/testing/journal.hpp"

#include <gtest/gtest.h>

#include "proa/testing/picture.hpp"

namespace proa::testing {
namespace {

using namespace std::chrono_literals;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

TEST(Journal, TellsAnEventInALine) {
  EXPECT_EQ(to_string(JournalEvent{.at = {12034551us},
                                   .what = Happening::sends,
                                   .server = 0,
                                   .peer = 1,
                                   .text = "start an election now"}),
            "   12.034551  s1 -> s2       start an election now");
  EXPECT_EQ(to_string(JournalEvent{.what = Happening::fault, .text = "split"}),
            "    0.000000  all FAULT      split");
}

TEST(Journal, SaysInWordsWhatAMessageSays) {
  EXPECT_EQ(
      describe(Request{AppendEntriesRequest{.term = Term{3},
                                            .prev_log = {.term = Term{2}, .index = LogIndex{7}},
                                            .leader_commit = LogIndex{6}}}),
      "append of term 3 after 2/7: nothing, commit 6");
  EXPECT_EQ(describe(Result<Reply>{RequestVoteReply{.term = Term{4}, .granted = true}}),
            "vote granted, term 4");
  EXPECT_EQ(describe(Result<Reply>{fail(Errc::peer_unreachable, "gone")}).find("no answer"), 0U);
}

TEST(Journal, TellsOfAServersStandOnlyWhatHasChanged) {
  Journal journal{10};
  journal.stands(0, ServerState::candidate, Term{2}, LogIndex{});
  journal.stands(0, ServerState::candidate, Term{2}, LogIndex{});
  journal.stands(0, ServerState::leader, Term{2}, LogIndex{5});
  ASSERT_EQ(journal.newest().size(), 3U);
  EXPECT_EQ(journal.newest()[0].what, Happening::campaigns);
  EXPECT_EQ(journal.newest()[1].what, Happening::leads);
  EXPECT_EQ(journal.newest()[2].text, "1..5");
}

// What was said before the picture begins still colours its lanes.
TEST(Journal, RemembersWhatServersWereBeforeTheOldestEventKept) {
  Journal journal{2};
  journal.add(Happening::leads, 0, "in term 1");
  journal.add(Happening::follows, 1, "in term 1");
  journal.add(Happening::fault, kNobody, "split");
  ASSERT_EQ(journal.newest().size(), 2U);
  ASSERT_EQ(journal.states_before().size(), 1U);
  EXPECT_EQ(journal.states_before()[0], ServerState::leader);
}

// Of two messages one arrives: that is an arrow, the other one a stub.
TEST(Picture, DrawsAnArrowForWhatArrivesAndAStubForWhatDoesNot) {
  Journal journal{100};
  journal.add_message(Happening::sends, 0, 1, "start an election now");
  journal.add_message(Happening::sends, 0, 2, "start an election now");
  journal.add_message(Happening::hears, 1, 0, "start an election now");
  journal.add_message(Happening::answers, 1, 0, "ok");
  journal.add_message(Happening::is_told, 0, 1, "ok");
  journal.add(Happening::persists, 1, "term 2 <& vote>");
  journal.add(Happening::crashes, 2, "the power is cut");
  journal.add(Happening::violation, kNobody, "election safety: s1 and s2");
  const std::string picture = picture_of(journal);
  EXPECT_EQ(picture.find("<svg "), 0U);
  EXPECT_EQ(count(picture, "class=\"request\""), 1U);
  EXPECT_EQ(count(picture, "class=\"lost\""), 1U);
  EXPECT_EQ(count(picture, "class=\"reply\""), 1U);
  EXPECT_EQ(count(picture, "class=\"sync\""), 1U);
  EXPECT_EQ(count(picture, "class=\"crash\""), 2U);
  EXPECT_NE(picture.find("election safety: s1 and s2"), std::string::npos);
  EXPECT_NE(picture.find("term 2 &lt;&amp; vote&gt;"), std::string::npos);
}

}  // namespace
}  // namespace proa::testing
