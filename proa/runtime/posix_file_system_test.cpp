#include "proa/runtime/posix_file_system.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "proa/runtime/detail/temporary_directory.hpp"

namespace proa {
namespace {

using detail::TemporaryDirectory;
using testing::AllOf;
using testing::HasSubstr;

class PosixFiles : public testing::Test {
 protected:
  std::unique_ptr<File> create(const std::string& name) {
    return std::move(files_.open(directory_ / name, OpenMode::create_new)).value();
  }
  std::string content_of(const std::string& name) {
    const auto file = std::move(files_.open(directory_ / name, OpenMode::read)).value();
    std::string text(static_cast<std::size_t>(file->size().value()), '\0');
    EXPECT_EQ(file->read_at(0, std::as_writable_bytes(std::span{text})).value(), text.size());
    return text;
  }
  static mode_t mode_of(const std::string& path) {
    struct stat facts = {};
    EXPECT_EQ(::stat(path.c_str(), &facts), 0);
    return facts.st_mode & 0777;
  }

  TemporaryDirectory directory_;
  PosixFileSystem files_;
};

TEST_F(PosixFiles, WhatIsWrittenIsReadBack) {
  const auto file = create("a");
  ASSERT_TRUE(file->write_at(3, view_of("def")));
  ASSERT_TRUE(file->write_at(0, view_of("abc")));
  ASSERT_TRUE(file->sync());

  EXPECT_EQ(content_of("a"), "abcdef");
  EXPECT_EQ(file->path(), directory_ / "a");
}

TEST_F(PosixFiles, AReadAcrossTheEndGivesWhatThereIs) {
  const auto file = create("a");
  ASSERT_TRUE(file->write_at(0, view_of("abc")));

  std::array<std::byte, 8> buffer = {};
  EXPECT_EQ(file->read_at(1, buffer).value(), 2U);
  EXPECT_EQ(file->read_at(9, buffer).value(), 0U);
}

// More pieces than one call of the system takes, empty ones among them.
TEST_F(PosixFiles, ManyPiecesAreWrittenOneBehindTheOther) {
  std::string expected;
  std::vector<std::string> texts;
  for (int number = 0; number < 3000; ++number) {
    const bool empty = (number >= 500 && number < 1100) || number % 7 == 0;
    texts.push_back(empty ? "" : std::to_string(number) + ",");
    expected += texts.back();
  }
  const std::vector<ByteView> pieces = [&] {
    std::vector<ByteView> views;
    views.reserve(texts.size());
    for (const std::string& text : texts)
      views.push_back(view_of(text));
    return views;
  }();

  const auto file = create("a");
  ASSERT_TRUE(file->write_at(0, pieces));

  EXPECT_EQ(content_of("a"), expected);
}

// A limit on the size of files makes the system write the part below it, then refuse.
TEST_F(PosixFiles, AShortWriteGoesOnAndReportsWhyItCannotEnd) {
  const auto file = create("a");
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit limited{.rlim_cur = 10, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limited), 0);
  const std::array<ByteView, 2> pieces{view_of("12345678"), view_of("9abcdefg")};

  const auto written = file->write_at(0, pieces);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);

  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().detail, AllOf(HasSubstr("cannot write"), HasSubstr("too large")));
  EXPECT_EQ(content_of("a"), "123456789a");
}

// Whole blocks take the way past the page cache, all else the way through it.
TEST_F(PosixFiles, BothWaysToTheDiskSeeEachOther) {
  const auto file = create("a");
  const std::string blocks(2 * 4096, 'b');
  ASSERT_TRUE(file->write_at(0, view_of(std::string(3 * 4096, 'a'))));
  ASSERT_EQ(content_of("a").size(), 3U * 4096);  // now in the page cache
  ASSERT_TRUE(file->write_at(10, view_of("odd")));
  const std::array<ByteView, 3> pieces{view_of(blocks).first(5000), ByteView{},
                                       view_of(blocks).subspan(5000)};
  ASSERT_TRUE(file->write_at(4096, pieces));
  ASSERT_TRUE(file->write_at(4096 + 7, view_of("odd")));
  ASSERT_TRUE(file->sync());

  std::string expected = std::string(4096, 'a') + blocks;
  expected.replace(10, 3, "odd");
  expected.replace(4096 + 7, 3, "odd");
  EXPECT_EQ(content_of("a"), expected);
}

TEST_F(PosixFiles, AWriteThroughTheCacheEndsTheOtherWayUntilItIsNeeded) {
  const auto open_descriptors = [] {
    const std::filesystem::directory_iterator all{"/proc/self/fd"};
    return std::distance(begin(all), end(all));
  };
  const auto file = create("a");
  const auto before = open_descriptors();
  ASSERT_TRUE(file->write_at(0, view_of(std::string(4096, 'a'))));
  EXPECT_LE(open_descriptors(), before + 1);  // equal where the file system knows that way
  ASSERT_TRUE(file->write_at(4096, view_of("footer")));
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(PosixFiles, WholeBlocksOfMoreThanOneBufferArriveInOrder) {
  const auto file = create("a");
  std::string text(3 * (std::size_t{1} << 20) + 4096, '\0');
  for (std::size_t at = 0; at < text.size(); ++at)
    text[at] = static_cast<char>('a' + (at / 4096) % 26);
  ASSERT_TRUE(file->write_at(0, view_of("something shorter")));
  ASSERT_TRUE(file->write_at(0, view_of(text)));

  EXPECT_EQ(content_of("a"), text);
}

// A process may hold no directory /proc, and a file system no such way; /dev/null has neither
// blocks nor content, and takes everything.
TEST_F(PosixFiles, AFileWithoutTheWayPastTheCacheTakesWholeBlocks) {
  const auto null = std::move(files_.open("/dev/null", OpenMode::write)).value();
  EXPECT_TRUE(null->write_at(0, view_of(std::string(4096, 'x'))));
}

TEST_F(PosixFiles, TruncateSetsTheSizeBothWays) {
  const auto file = create("a");
  ASSERT_TRUE(file->write_at(0, view_of("abcdef")));
  ASSERT_TRUE(file->truncate(2));
  EXPECT_EQ(content_of("a"), "ab");
  ASSERT_TRUE(file->truncate(4));
  EXPECT_EQ(content_of("a"), std::string("ab\0\0", 4));
}

TEST_F(PosixFiles, OpenModesKeepTheirPromises) {
  EXPECT_FALSE(files_.open(directory_ / "a", OpenMode::read));
  EXPECT_FALSE(files_.open(directory_ / "a", OpenMode::write));
  ASSERT_TRUE(create("a")->write_at(0, view_of("kept")));
  EXPECT_FALSE(files_.open(directory_ / "a", OpenMode::create_new));
  ASSERT_TRUE(files_.open(directory_ / "a", OpenMode::create));
  ASSERT_TRUE(files_.open(directory_ / "a", OpenMode::write));
  EXPECT_EQ(content_of("a"), "kept");
}

TEST_F(PosixFiles, AreForTheirOwnerOnly) {
  ASSERT_TRUE(files_.create_directories(directory_ / "x/y"));
  create("x/y/a");

  EXPECT_EQ(mode_of(directory_ / "x"), 0700U);
  EXPECT_EQ(mode_of(directory_ / "x/y"), 0700U);
  EXPECT_EQ(mode_of(directory_ / "x/y/a"), 0600U);
}

TEST_F(PosixFiles, DirectoriesAreMadeOnceAndListedByName) {
  ASSERT_TRUE(files_.create_directories(directory_ / "x"));
  ASSERT_TRUE(files_.create_directories(directory_ / "x"));
  create("b");
  create("a");

  const auto entries = files_.list(directory_.path());
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 3U);
  EXPECT_EQ((*entries)[0].name, "a");
  EXPECT_EQ((*entries)[1].name, "b");
  EXPECT_EQ((*entries)[2].name, "x");
  EXPECT_TRUE((*entries)[2].is_directory);
  EXPECT_FALSE((*entries)[0].is_directory);
  EXPECT_FALSE(files_.list(directory_ / "missing"));
}

TEST_F(PosixFiles, AFileInTheWayOfADirectoryIsAnError) {
  create("a");
  const auto made = files_.create_directories(directory_ / "a");
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().detail, HasSubstr("cannot create directory " + (directory_ / "a")));
}

TEST_F(PosixFiles, RenameReplacesAndRemoveTakesFilesAndEmptyDirectories) {
  ASSERT_TRUE(create("new")->write_at(0, view_of("new")));
  create("old");
  ASSERT_TRUE(files_.rename(directory_ / "new", directory_ / "old"));
  ASSERT_TRUE(files_.sync_directory(directory_.path()));
  EXPECT_EQ(content_of("old"), "new");
  EXPECT_FALSE(files_.exists(directory_ / "new").value());

  ASSERT_TRUE(files_.create_directories(directory_ / "x"));
  create("x/a");
  EXPECT_FALSE(files_.remove(directory_ / "x"));
  ASSERT_TRUE(files_.remove(directory_ / "x/a"));
  ASSERT_TRUE(files_.remove(directory_ / "x"));
  EXPECT_FALSE(files_.exists(directory_ / "x").value());
  EXPECT_FALSE(files_.remove(directory_ / "x"));
}

TEST_F(PosixFiles, AFullDiskSaysWhatToDo) {
  const auto full = std::move(files_.open("/dev/full", OpenMode::write)).value();
  const auto written = full->write_at(0, view_of("x"));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::io_error);
  EXPECT_THAT(written.error().detail, AllOf(HasSubstr("cannot write /dev/full: No space left"),
                                            HasSubstr("free space there")));
}

TEST_F(PosixFiles, AMissingFileIsNamed) {
  const auto file = files_.open(directory_ / "missing", OpenMode::read);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().detail,
            "cannot open " + (directory_ / "missing") + ": No such file or directory");
}

TEST_F(PosixFiles, TheSecondOfTwoLocksIsToldWhoHoldsTheFirst) {
  auto first = files_.lock(directory_ / "lock");
  ASSERT_TRUE(first);
  const auto second = files_.lock(directory_ / "lock");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::busy);
  EXPECT_THAT(second.error().detail, AllOf(HasSubstr(directory_ / "lock"),
                                           HasSubstr("pid " + std::to_string(::getpid()))));

  first->reset();
  EXPECT_TRUE(files_.lock(directory_ / "lock"));
}

// Given a process that holds the lock and tells so through a pipe; when it dies without letting go,
// then the lock is free.
TEST_F(PosixFiles, ALockEndsWithItsProcess) {
  std::array<int, 2> ready = {};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto held = files_.lock(directory_ / "lock");
    const char answer = held ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) != 1) ::_exit(1);
    for (;;)
      ::pause();
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  ASSERT_EQ(answer, 'y');

  const auto refused = files_.lock(directory_ / "lock");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().detail, HasSubstr("process " + std::to_string(child)));

  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(files_.lock(directory_ / "lock"));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(PosixFiles, TheBlockIsAPowerOfTwoOfAtLeast4096Bytes) {
  const std::size_t block = files_.block_bytes(directory_.path());
  EXPECT_GE(block, 4096U);
  EXPECT_EQ(block & (block - 1), 0U);
  EXPECT_EQ(files_.block_bytes(directory_ / "missing"), 4096U);
}

}  // namespace
}  // namespace proa
