#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "proa/base/bounded_queue.hpp"
#include "proa/base/bytes.hpp"
#include "proa/base/checksum.hpp"
#include "proa/base/fn.hpp"
#include "proa/base/random.hpp"
#include "proa/base/result.hpp"
#include "proa/base/time.hpp"

namespace proa {
namespace {

using namespace std::chrono_literals;

Result<int> half(int value) {
  if (value % 2 != 0) return fail(Errc::protocol_error, "odd");
  return value / 2;
}

Result<int> quarter(int value) {
  PROA_TRY(const int once, half(value));
  PROA_TRY(half(once));
  return half(once);
}

TEST(Result, TryPassesTheErrorOn) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().detail, "odd");
}

TEST(Result, HoldsAnErrorAsAValue) {
  const Result<Error> value{Error{.code = Errc::corrupt}};
  EXPECT_TRUE(value.has_value());
  const Result<Error> failure = fail(Errc::busy, "");
  EXPECT_FALSE(failure.has_value());
}

TEST(Fn, CallsSmallAndLargeCallablesAndMoves) {
  auto shared = std::make_shared<int>(0);
  std::array<std::byte, 100> large{};
  Fn<int(int)> small = [shared](int by) { return *shared += by; };
  Fn<int(int)> big = [shared, large](int by) {
    return *shared += by + static_cast<int>(large.size());
  };
  EXPECT_EQ(small(2), 2);
  Fn<int(int)> moved = std::move(big);
  EXPECT_FALSE(static_cast<bool>(big));  // NOLINT(bugprone-use-after-move): that it is empty
  EXPECT_EQ(moved(1), 103);
  moved = nullptr;
  small = nullptr;
  EXPECT_EQ(shared.use_count(), 1);
}

TEST(Checksum, MatchesThePublishedCheckValues) {
  EXPECT_EQ(crc32c(view_of("123456789")), 0xE3069283U);
  EXPECT_EQ(crc32c(view_of("6789"), crc32c(view_of("12345"))), 0xE3069283U);
  EXPECT_EQ(crc64(view_of("123456789")), 0x995DC9BBDF1939FAU);
  EXPECT_EQ(crc64(view_of("6789"), crc64(view_of("12345"))), 0x995DC9BBDF1939FAU);
}

TEST(Time, PrintsDurationsAsTheModelDoes) {
  EXPECT_EQ(to_string(Duration{500ms}), "500ms");
  EXPECT_EQ(to_string(Duration{2s}), "2s");
  EXPECT_EQ(to_string(Duration{60500ms}), "1m0.5s");
  EXPECT_EQ(to_string(Duration{1h}), "1h0m0s");
  EXPECT_EQ(to_string(Duration{0}), "0s");
  EXPECT_EQ(to_string(Duration{-1500us}), "-1.5ms");
  EXPECT_EQ(to_string(Duration{7}), "7ns");
}

TEST(Bytes, KeepAbsentApartFromEmpty) {
  EXPECT_EQ(SharedBytes{}.data(), nullptr);
  EXPECT_NE(SharedBytes::copy_of(std::string_view{}).data(), nullptr);
  EXPECT_EQ(as_int64(bytes_of(std::int64_t{-5})), -5);
  EXPECT_EQ(as_int64(bytes_of("x")), std::nullopt);
}

TEST(BoundedQueue, RefusesWhatDoesNotFitAndLeavesItWhole) {
  using Queue = BoundedQueue<std::unique_ptr<int>>;
  Queue queue{1};
  EXPECT_EQ(queue.push(std::make_unique<int>(1)), Queue::Pushed::first);
  auto second = std::make_unique<int>(2);
  EXPECT_EQ(queue.push(std::move(second)), Queue::Pushed::refused);
  EXPECT_NE(second, nullptr);  // NOLINT(bugprone-use-after-move): it was not taken
  EXPECT_EQ(queue.take_all().size(), 1U);
  EXPECT_EQ(queue.push(std::move(second)), Queue::Pushed::first);
}

TEST(Random, RepeatsItselfAndStaysInRange) {
  Random one{7};
  Random two{7};
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t drawn = one.between(3, 9);
    EXPECT_EQ(drawn, two.between(3, 9));
    EXPECT_GE(drawn, 3U);
    EXPECT_LE(drawn, 9U);
    const Duration timeout = one.timeout(100ms);
    EXPECT_EQ(timeout, two.timeout(100ms));
    EXPECT_GE(timeout, 100ms);
    EXPECT_LT(timeout, 200ms);
  }
}

}  // namespace
}  // namespace proa
