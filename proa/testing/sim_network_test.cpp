#include "proa/testing/sim_network.hpp"

#include <gtest/gtest.h>

#include <string>

namespace proa::testing {
namespace {

using namespace std::chrono_literals;

struct Network : ::testing::Test {
  void send(char name, Channel channel = Channel::append, const std::string& from = "a",
            const std::string& to = "b", bool is_reply = false) {
    network.carry({.from = {from},
                   .to = {to},
                   .channel = channel,
                   .is_reply = is_reply,
                   .deliver = [this, name] { log += name; },
                   .lost = [this, name] { log += std::string("lost-") + name + " "; }});
  }
  void run() {
    while (scheduler.run_next()) {
    }
  }
  Scheduler scheduler{1};
  SimNetwork network{scheduler, {.delay_min = 0us, .delay_max = 10ms}, 7};
  std::string log;
};

TEST_F(Network, KeepsTheOrderOfAConnection) {
  for (char name = 'a'; name <= 'z'; ++name)
    send(name);
  run();
  EXPECT_EQ(log, "abcdefghijklmnopqrstuvwxyz");
  EXPECT_GT(scheduler.now().since_start, 0us);
}

TEST_F(Network, ReordersBetweenChannels) {
  bool overtaken = false;
  for (int round = 0; round < 50 && !overtaken; ++round) {
    log.clear();
    send('a', Channel::append);
    send('c', Channel::control);
    run();
    overtaken = log == "ca";
  }
  EXPECT_TRUE(overtaken);
}

TEST_F(Network, BreaksTheConnectionOfALostMessage) {
  network.options().loss_permille = 1000;
  send('a');
  network.options().loss_permille = 0;
  send('b');                    // the same connection: gone as well
  send('c', Channel::control);  // another one
  run();
  EXPECT_TRUE(log == "clost-a " || log == "lost-a c") << log;
}

TEST_F(Network, DeliversADuplicateLater) {
  network.options().duplicate_permille = 1000;
  send('a');
  run();
  EXPECT_EQ(log, "aa");
}

TEST_F(Network, CutsOneDirectionAndDeliversWhatItHeldWhenHealed) {
  network.cut({"a"}, {"b"}, CutMode::hold);
  send('a');
  send('b');
  send('r', Channel::append, "b", "a");
  run();
  EXPECT_EQ(log, "r");
  network.heal_all();
  run();
  EXPECT_EQ(log, "rab");
}

TEST_F(Network, DropsSilentlyOrResetsAsTheCutSays) {
  network.cut({"a"}, {"b"}, CutMode::drop);
  send('a');
  run();
  EXPECT_EQ(log, "");
  network.cut({"a"}, {"b"}, CutMode::reset);
  send('b');
  run();
  EXPECT_EQ(log, "lost-b ");
}

TEST_F(Network, LosesAnswersAloneAndDeliversRequestsOfTheSameServer) {
  network.cut({"b"}, {"a"}, CutMode::replies);
  send('q');
  send('r', Channel::append, "b", "a", true);
  send('o', Channel::control, "b", "a");  // a request of its own
  run();
  EXPECT_TRUE(log == "qo" || log == "oq") << log;
  EXPECT_EQ(network.counters().replies_lost, 1U);
  network.heal_all();
  send('s', Channel::append, "b", "a", true);
  run();
  EXPECT_EQ(log.back(), 's');
}

TEST_F(Network, CarriesOneParcelAfterTheOtherOverANarrowLine) {
  network.set_parcel_gap(1s);
  for (char name = 'a'; name <= 'e'; ++name)
    send(name);
  run();
  EXPECT_EQ(log, "abcde");
  EXPECT_GE(scheduler.now().since_start, 5s);
}

}  // namespace
}  // namespace proa::testing
