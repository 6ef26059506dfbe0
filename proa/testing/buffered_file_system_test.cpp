#include "proa/testing/buffered_file_system.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proa/base/random.hpp"
#include "proa/testing/sim_file_system.hpp"

namespace proa::testing {
namespace {

struct Buffered : ::testing::Test {
  void SetUp() override { ASSERT_TRUE(disk->create_directories("d")); }
  std::shared_ptr<BufferedFileSystem> process() {
    return std::make_shared<BufferedFileSystem>(disk);
  }
  static std::string content(FileSystem& files, const std::string& path) {
    const auto file = files.open(path, OpenMode::read).value();
    std::string text(static_cast<std::size_t>(file->size().value()), '?');
    EXPECT_EQ(file->read_at(0, std::as_writable_bytes(std::span<char>{text})).value(), text.size());
    return text;
  }
  static void write(File& file, std::uint64_t offset, const std::string& text) {
    ASSERT_TRUE(file.write_at(offset, view_of(text)));
  }

  std::shared_ptr<SimFileSystem> disk =
      std::make_shared<SimFileSystem>(std::make_shared<SimDisk>(SimDiskOptions{}, 1));
};

TEST_F(Buffered, WhatIsNotSyncedIsReadInTheProcessAndGoneWithIt) {
  auto files = process();
  auto file = files->open("d/f", OpenMode::create).value();
  write(*file, 0, "durable");
  ASSERT_TRUE(file->sync());
  write(*file, 3, "XYZ and more");
  EXPECT_EQ(content(*files, "d/f"), "durXYZ and more");
  file.reset();
  EXPECT_EQ(content(*files, "d/f"), "durXYZ and more");  // closing loses nothing
  files.reset();
  EXPECT_EQ(content(*process(), "d/f"), "durable");
}

TEST_F(Buffered, ARenamedFileKeepsWhatItHoldsBack) {
  auto files = process();
  auto file = files->open("d/a", OpenMode::create).value();
  write(*file, 0, "held");
  ASSERT_TRUE(files->rename("d/a", "d/b"));
  EXPECT_EQ(content(*files, "d/b"), "held");
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(content(*disk, "d/b"), "held");
}

TEST_F(Buffered, AForgottenSyncReportsSuccess) {
  auto files = std::make_shared<BufferedFileSystem>(disk, [](const std::string& path) {
    return path == "d/log" ? SyncFate::forgotten : SyncFate::done;
  });
  for (const std::string path : {"d/log", "d/other"}) {
    auto file = files->open(path, OpenMode::create).value();
    write(*file, 0, "x");
    ASSERT_TRUE(file->sync());
  }
  EXPECT_EQ(content(*disk, "d/log"), "");
  EXPECT_EQ(content(*disk, "d/other"), "x");
}

TEST_F(Buffered, AFailedSyncTellsSoAndLosesWhatItWasFor) {
  bool fails = false;
  auto files = std::make_shared<BufferedFileSystem>(
      disk, [&fails](const std::string&) { return fails ? SyncFate::failed : SyncFate::done; });
  auto file = files->open("d/f", OpenMode::create).value();
  write(*file, 0, "kept");
  ASSERT_TRUE(file->sync());
  write(*file, 0, "lost");
  fails = true;
  EXPECT_EQ(file->sync().error().code, Errc::io_error);
  EXPECT_EQ(content(*files, "d/f"), "kept");
}

// Goal: in the process a file reads as if nothing were held back, and after its end as it was at
// its last sync. Method: random operations against a string.
TEST_F(Buffered, ReadsLikeAFileWhateverIsDoneToIt) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    Random random{seed};
    const std::string path = "d/" + std::to_string(seed);
    auto files = process();
    auto file = files->open(path, OpenMode::create).value();
    std::string model;
    std::string synced;
    for (int step = 0; step < 60; ++step) {
      const std::uint64_t what = random.below(10);
      if (what < 6) {
        const std::string text(random.below(6000), static_cast<char>('a' + step % 26));
        const std::size_t at = random.below(20000);
        write(*file, at, text);
        if (!text.empty()) model.resize(std::max(model.size(), at + text.size()));
        model.replace(at > model.size() ? model.size() : at, text.size(), text);
      } else if (what < 8) {
        model.resize(random.below(20000));
        ASSERT_TRUE(file->truncate(model.size()));
      } else {
        ASSERT_TRUE(file->sync());
        synced = model;
      }
      ASSERT_EQ(content(*files, path), model);
    }
    file.reset();
    files.reset();
    ASSERT_EQ(content(*process(), path), synced);
  }
}

}  // namespace
}  // namespace proa::testing
