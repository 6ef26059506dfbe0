// A waiting room that is replicated, and its test in the simulator (docs/testing.md).
//
//   waiting_room            the state machine as it should be
//   waiting_room --planted  the same with a mistake, which the simulator finds
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <proa/port/value_fsm.hpp>
#include <proa/testing/cluster.hpp>
#include <set>
#include <string_view>
#include <unordered_set>

/// Who waits. How the numbers are kept is the one difference between right and wrong.
template <class Set>
struct Room {
  Set waiting = {};
};

/// In a snapshot the numbers are sorted, so that equal rooms are equal bytes.
template <class Set>
struct proa::ValueCodec<Room<Set>> {
  static SharedBytes encode(const Room<Set>& room) {
    std::vector<std::int64_t> sorted{room.waiting.begin(), room.waiting.end()};
    std::ranges::sort(sorted);
    return SharedBytes::copy_of(std::as_bytes(std::span{sorted}));
  }
  static Result<Room<Set>> decode(ByteView bytes) {
    std::vector<std::int64_t> sorted(bytes.size() / sizeof(std::int64_t));
    if (!sorted.empty()) std::memcpy(sorted.data(), bytes.data(), sorted.size() * sizeof sorted[0]);
    return Room<Set>{.waiting = {sorted.begin(), sorted.end()}};
  }
};

/// A command is the number of somebody who comes in, or 0: the next one, please.
template <class Set>
struct Reception : proa::ValueFsm<Room<Set>> {
  std::any apply_one(Room<Set>& room, const proa::Committed& entry) override {
    const std::int64_t number = proa::as_int64(entry.command).value_or(0);
    if (number != 0) return room.waiting.insert(number).second ? number : 0;
    if (room.waiting.empty()) return std::int64_t{0};
    return room.waiting.extract(room.waiting.begin()).value();
  }
};

/// What the simulator has to know: how to make one, what is asked of it, and what must hold.
template <class Set>
struct ReceptionTest : proa::testing::Workload {
  std::shared_ptr<proa::Fsm> make_fsm() override { return std::make_shared<Reception<Set>>(); }

  proa::SharedBytes next_command(proa::testing::Choices& random) override {
    const bool comes_in = random.percent(60);
    const auto number = comes_in ? static_cast<std::int64_t>(1 + random.below(500)) : 0;
    came_in.insert(number);
    return proa::bytes_of(number);
  }

  std::string describe(proa::ByteView command) const override {
    const std::int64_t number = proa::as_int64(command).value_or(0);
    return number == 0 ? "the next one, please" : std::to_string(number) + " comes in";
  }

  std::optional<std::string> state_of(const proa::Fsm& fsm) override {
    const Set& waiting = static_cast<const Reception<Set>&>(fsm).value().waiting;
    std::string text = "waiting:";
    for (const std::int64_t number : std::set<std::int64_t>{waiting.begin(), waiting.end()})
      text += " " + std::to_string(number);
    return text;
  }

  std::string check_answer(proa::ByteView, const proa::Applied& answer) override {
    const auto number = std::any_cast<std::int64_t>(answer.response);
    return came_in.contains(number) || number == 0 ? "" : "a stranger was called in";
  }

  std::set<std::int64_t> came_in = {};
};

int main(int argc, char** argv) {
  const bool planted = argc > 1 && argv[1] == std::string_view{"--planted"};
  const proa::testing::ClusterOptions options{.preset = proa::testing::Preset::everything};
  const auto explored =
      planted ? proa::testing::explore<ReceptionTest<std::unordered_set<std::int64_t>>>(options)
              : proa::testing::explore<ReceptionTest<std::set<std::int64_t>>>(options);
  std::printf("%s\n", to_string(explored).c_str());
  return explored.finding ? 1 : 0;
}
