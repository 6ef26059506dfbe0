#include "cli/cluster_view.hpp"

#include <gtest/gtest.h>

#include "cli/output.hpp"

namespace proa::cli {
namespace {

MemberView member(const std::string& id, const std::string& answers_as,
                  Suffrage suffrage = Suffrage::voter) {
  MemberView view{.server = {.suffrage = suffrage, .id = {id}, .address = {id + ":1"}}};
  if (!answers_as.empty()) view.status = server::ServerStatus{.id = {answers_as}};
  return view;
}

TEST(ClusterView, AVoterCountsAsReachedOnlyUnderItsOwnId) {
  ClusterView view{.members = {member("a#1", "a#1"), member("b#1", "b#2"), member("c#1", ""),
                               member("d#1", "d#1", Suffrage::nonvoter)}};
  EXPECT_EQ(view.voters(), 3U);
  EXPECT_EQ(view.voters_reached(), 1U);
  EXPECT_FALSE(view.has_quorum());
  view.members[1] = member("b#2", "b#2");
  EXPECT_TRUE(view.has_quorum());
  EXPECT_FALSE(ClusterView{}.has_quorum());
}

TEST(ClusterView, FindsAMemberByItsNameUnlessSeveralHaveIt) {
  const ClusterView view{.members = {member("a#1", ""), member("b#1", ""), member("b#2", "")}};
  EXPECT_EQ(view.find("a").value().id, ServerId{"a#1"});
  EXPECT_EQ(view.find("b#2").value().id, ServerId{"b#2"});
  EXPECT_FALSE(view.find("b"));
  EXPECT_FALSE(view.find("c"));
  EXPECT_FALSE(view.find(""));
}

TEST(Output, PutsCellsUnderEachOther) {
  EXPECT_EQ(table({{"NAME", "LAG", "ADDRESS"}, {"n1", "12 882", "h:1"}}),
            "NAME  LAG     ADDRESS\nn1    12 882  h:1\n");
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1234567), "1 234 567");
}

}  // namespace
}  // namespace proa::cli
