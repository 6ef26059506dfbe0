#include "proa/testing/link_cuts.hpp"

#include <gtest/gtest.h>

namespace proa::testing {
namespace {

struct Links : ::testing::Test {
  std::string arrives() {
    log.clear();
    network.carry({.from = {"a"}, .to = {"b"}, .deliver = [this] { log += "yes"; }, .lost = [] {}});
    while (scheduler.run_next()) {
    }
    return log;
  }
  const ServerAddress a{"a"};
  const ServerAddress b{"b"};
  Scheduler scheduler{1};
  SimNetwork network{scheduler, {}, 7};
  SimStreams streams{scheduler, {}, 8};
  LinkCuts links{network, streams};
  std::string log;
};

TEST_F(Links, StayCutWhenWhatBlocksThemBesideEnds) {
  links.cut(a, b, CutMode::drop);
  links.block(a, b, CutMode::drop);
  EXPECT_EQ(arrives(), "");
  links.unblock(a, b);
  EXPECT_EQ(arrives(), "");
  links.heal_all();
  EXPECT_EQ(arrives(), "yes");
}

TEST_F(Links, StayBlockedWhenAllCutsAreHealed) {
  links.block(a, b, CutMode::drop);
  links.cut(a, b, CutMode::drop);
  links.heal_all();
  EXPECT_EQ(arrives(), "");
  EXPECT_TRUE(network.any_cut());
  links.unblock_all();
  EXPECT_EQ(arrives(), "yes");
  EXPECT_FALSE(network.any_cut());
}

}  // namespace
}  // namespace proa::testing
