#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <memory>
#include <string>

#include "proa/transport/detail/backoff.hpp"
#include "proa/transport/detail/chunk_pool.hpp"
#include "proa/transport/detail/receive_buffer.hpp"
#include "proa/transport/detail/send_queue.hpp"

namespace proa {
namespace {

using namespace std::chrono_literals;
using Taken = ReceiveBuffer::Taken;

// ---- ReceiveBuffer ----

void receive(ReceiveBuffer& buffer, std::string_view text) {
  while (!text.empty()) {
    const std::span<std::byte> space = buffer.space();
    const std::size_t size = std::min(space.size(), text.size());
    std::memcpy(space.data(), text.data(), size);
    buffer.received(size);
    text.remove_prefix(size);
  }
}

TEST(ReceiveBuffer, KeepsWhatSomebodyPointsInto) {
  ReceiveBuffer buffer(64);
  receive(buffer, "first");
  const SharedBytes kept = buffer.unread();
  buffer.take(5, Taken::kept);
  for (int i = 0; i < 100; ++i) {
    receive(buffer, "other bytes");
    buffer.take(11, Taken::copied);
  }
  EXPECT_EQ(text_of(kept), "first");
}

TEST(ReceiveBuffer, FillsTheSameMemoryAgainIfNobodyPointsIntoIt) {
  ReceiveBuffer buffer(64);
  const std::byte* memory = buffer.space().data();
  for (int i = 0; i < 100; ++i) {
    receive(buffer, "heartbeat");
    buffer.take(9, Taken::copied);
  }
  EXPECT_EQ(buffer.space().data(), memory);
}

TEST(ChunkPool, GivesMemoryAgainThatWasLetGoOf) {
  ChunkPool pool;
  const std::byte* memory = pool.take(5000).memory.get();
  const auto other = std::make_unique<std::byte[]>(5000);  // would get what the pool had freed

  EXPECT_EQ(pool.take(4000).memory.get(), memory);
  EXPECT_NE(pool.take(1000).memory.get(), memory);  // too large for that
}
TEST(ChunkPool, OutlivedByItsChunks) {
  ChunkPool::Chunk chunk = ChunkPool{}.take(100);
  chunk.memory[99] = std::byte{1};
  chunk.memory.reset();
}
TEST(ReceiveBuffer, MovesWhatIsUnfinishedToALargerChunk) {
  ReceiveBuffer buffer(64);
  std::string all;
  for (int i = 0; i < 1000; ++i) {
    receive(buffer, "0123456789");
    all += "0123456789";
    ASSERT_EQ(text_of(buffer.unread()), all);
  }
  buffer.take(5000, Taken::kept);
  EXPECT_EQ(text_of(buffer.unread()), std::string_view{all}.substr(5000));
}

TEST(ReceiveBuffer, TakesMemoryInProportionToWhatHasArrived) {
  ReceiveBuffer buffer(64);
  std::size_t arrived = 0;
  for (int i = 0; i < 10000; ++i) {
    receive(buffer, "0123456789");
    arrived += 10;
    ASSERT_LE(buffer.space().size(), 4 * arrived + 64);
  }
}

TEST(ReceiveBuffer, HasRoomForTheNextBurstInOneRead) {
  ReceiveBuffer buffer(64);
  for (int i = 0; i < 20; ++i) {
    if (i > 0) {
      EXPECT_GE(buffer.space().size(), 5000U);
    }
    receive(buffer, std::string(5000, 'x'));
    buffer.take(5000, Taken::kept);
  }
}

// ---- SendQueue ----

wire::EncodedMessage message_of(std::string_view text, std::size_t piece_bytes) {
  wire::EncodedMessage message{.bytes = text.size(), .framing = SharedBytes::copy_of(text)};
  for (ByteView rest = message.framing.view(); !rest.empty();) {
    const std::size_t size = std::min(piece_bytes, rest.size());
    message.pieces.push_back(rest.first(size));
    rest = rest.subspan(size);
  }
  return message;
}

/// Takes at most so many bytes a call and in all.
struct Sink final : Stream {
  Result<std::size_t> read_some(std::span<std::byte>) override { return std::size_t{0}; }
  Result<std::size_t> write_some(std::span<const ByteView> pieces) override {
    ++calls;
    std::size_t size = 0;
    for (const ByteView piece : pieces) {
      const std::size_t part = std::min({piece.size(), per_call - size, in_all});
      text += text_of(piece.first(part));
      size += part;
      in_all -= part;
    }
    return size;
  }
  void when_readable(Fn<void()>) override {}
  void when_writable(Fn<void()>) override {}
  std::string remote() const override { return "sink"; }

  std::string text = {};
  std::size_t calls = 0;
  std::size_t per_call = SIZE_MAX;
  std::size_t in_all = 1'000'000'000;
};

TEST(SendQueue, WritesAllMessagesInOneCall) {
  SendQueue queue;
  Sink sink;
  for (const char* text : {"one", "two", "", "three"})
    queue.push(message_of(text, 2));
  EXPECT_EQ(queue.bytes(), 11U);
  ASSERT_TRUE(queue.write_to(sink));
  EXPECT_EQ(sink.text, "onetwothree");
  EXPECT_EQ(sink.calls, 1U);
  EXPECT_TRUE(queue.empty());
}

TEST(SendQueue, GoesOnWhereTheStreamStoppedWhateverTheCuts) {
  for (std::size_t pieces = 1; pieces <= 12; ++pieces) {
    for (std::size_t step = 1; step <= 12; ++step) {
      SendQueue queue;
      Sink sink;
      sink.in_all = 0;
      queue.push(message_of("one", pieces));
      queue.push(message_of("twentytwo", pieces));
      for (int i = 0; i < 20; ++i) {
        sink.in_all = step;
        ASSERT_TRUE(queue.write_to(sink));
      }
      EXPECT_EQ(sink.text, "onetwentytwo");
      EXPECT_EQ(queue.bytes(), 0U);
    }
  }
}

TEST(SendQueue, AsksAgainOfAStreamThatTakesALittleAtATime) {
  SendQueue queue;
  Sink sink;
  sink.per_call = 4;
  queue.push(message_of("0123456789", 3));
  ASSERT_TRUE(queue.write_to(sink));
  EXPECT_EQ(sink.text, "0123456789");
}

// ---- Backoff ----

TEST(Backoff, DoublesUpToItsBoundAndIsShortenedAtRandom) {
  Backoff backoff(10ms, 500ms, Random{7});
  EXPECT_FALSE(backoff.failing());
  EXPECT_EQ(backoff.failed(), 0ms);
  Duration longest = 10ms;
  for (int i = 0; i < 10; ++i) {
    const Duration pause = backoff.failed();
    EXPECT_LE(pause, longest);
    EXPECT_GE(pause, longest / 2);
    longest = std::min<Duration>(longest * 2, 500ms);
  }
  backoff.succeeded();
  EXPECT_FALSE(backoff.failing());
  EXPECT_EQ(backoff.failed(), 0ms);
}

}  // namespace
}  // namespace proa
