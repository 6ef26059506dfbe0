#include "proa/testing/shared_content.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "proa/base/random.hpp"

namespace proa::testing {
namespace {

constexpr std::uint64_t kPage = SharedContent::kPageBytes;

/// What the same steps make of a vector that is filled and moved.
struct Model {
  SharedContent content = {};
  std::vector<std::byte> bytes = {};

  void resize(std::uint64_t size) {
    content.resize(size);
    bytes.resize(size);
  }
  void write(std::uint64_t at, ByteView what) {
    content.write(at, what);
    if (what.empty()) return;
    bytes.resize(std::max<std::size_t>(bytes.size(), at + what.size()));
    std::copy(what.begin(), what.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
  }
  void write_from(const Model& from, std::uint64_t begin, std::uint64_t end) {
    content.write_from(from.content, begin, end);
    end = std::min<std::uint64_t>(end, from.bytes.size());
    if (begin >= end) return;
    bytes.resize(std::max<std::size_t>(bytes.size(), end));
    std::copy(from.bytes.begin() + static_cast<std::ptrdiff_t>(begin),
              from.bytes.begin() + static_cast<std::ptrdiff_t>(end),
              bytes.begin() + static_cast<std::ptrdiff_t>(begin));
  }
  bool holds() const {
    return content.size() == bytes.size() && content.copy(0, content.size()) == bytes;
  }
};

std::vector<std::byte> drawn_bytes(Random& random) {
  constexpr std::uint64_t kLengths[] = {0, 1, 84, 512, kPage, 3 * kPage};
  std::vector<std::byte> bytes(kLengths[random.below(std::size(kLengths))]);
  if (random.below(2) == 0) return bytes;
  for (std::byte& byte : bytes)
    byte = static_cast<std::byte>(random.next());
  return bytes;
}

std::uint64_t drawn_place(Random& random) {
  constexpr std::uint64_t kUnits[] = {1, 512, kPage};
  const std::uint64_t unit = kUnits[random.below(std::size(kUnits))];
  return random.below(6 * kPage) / unit * unit;
}

// Goal: pages that are shared, or that are not there, change nothing of what is read. Method:
// random steps on three contents that take from each other, and the same steps on plain vectors.
TEST(SharedContent, IsWhatAVectorWouldBe) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random{seed};
    std::array<Model, 3> models;
    for (int step = 0; step < 60; ++step) {
      Model& model = models[random.below(models.size())];
      const Model& other = models[random.below(models.size())];
      const std::uint64_t draw = random.below(10);
      const std::uint64_t begin = drawn_place(random);
      if (draw < 4) model.write(begin, drawn_bytes(random));
      if (draw == 4) model.resize(begin);
      if (draw == 5) model = other;
      if (draw > 5 && &other != &model) {
        model.write_from(other, begin, begin + drawn_place(random));
      }
      for (const Model& each : models)
        ASSERT_TRUE(each.holds()) << "seed " << seed << ", step " << step;
    }
  }
}

TEST(SharedContent, HasOneChecksumHoweverItsBytesCameThere) {
  const std::vector<std::byte> zeros(kPage);
  const std::vector<std::byte> ones(kPage, std::byte{1});
  SharedContent written;
  written.write(0, ones);
  written.write(0, ByteView{zeros}.first(kPage / 2));
  written.write(kPage / 2, ByteView{zeros}.first(kPage / 2));
  written.write(kPage, ByteView{ones}.first(9));
  SharedContent grown;
  grown.resize(kPage);
  grown.write(kPage, ones);
  grown.resize(kPage + 9);
  EXPECT_EQ(written.checksum(), grown.checksum());
  grown.write(5, ByteView{ones}.first(1));
  EXPECT_NE(written.checksum(), grown.checksum());
}

}  // namespace
}  // namespace proa::testing
