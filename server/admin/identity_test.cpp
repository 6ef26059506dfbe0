#include "server/admin/identity.hpp"

#include <gtest/gtest.h>

#include "proa/testing/sim_file_system.hpp"

namespace proa::server {
namespace {

struct IdentityFile : ::testing::Test {
  std::shared_ptr<proa::testing::SimDisk> disk =
      std::make_shared<proa::testing::SimDisk>(proa::testing::SimDiskOptions{}, 1);
  std::unique_ptr<proa::testing::SimFileSystem> files =
      std::make_unique<proa::testing::SimFileSystem>(disk);
  Identity identity{.name = "n1", .incarnation = 0xAB, .founding = FoundingState::pending};

  void SetUp() override { ASSERT_TRUE(files->create_directories("data")); }
  std::string content() {
    const auto file = files->open("data/identity", OpenMode::read).value();
    std::string text(4096, '\0');
    text.resize(file->read_at(0, std::as_writable_bytes(std::span<char>{text})).value());
    return text;
  }
  void replace(const std::string& text) {
    const auto file = files->open("data/identity", OpenMode::write).value();
    ASSERT_TRUE(file->truncate(0));
    ASSERT_TRUE(file->write_at(0, view_of(text)));
  }
};

TEST_F(IdentityFile, ReadsAsWrittenAndIsNothingBefore) {
  EXPECT_EQ(load_identity(*files, "data").value(), std::nullopt);
  ASSERT_TRUE(save_identity(*files, "data", identity));
  EXPECT_EQ(load_identity(*files, "data").value(), identity);
  EXPECT_EQ(identity.id(), ServerId{"n1#00000000000000ab"});
  EXPECT_EQ(name_of(identity.id()), "n1");
}

TEST_F(IdentityFile, IsTheOldOneOrTheNewOneAfterACrashAtAnyOperation) {
  ASSERT_TRUE(save_identity(*files, "data", identity));
  ASSERT_TRUE(files->sync_directory("."));
  Identity changed = identity;
  changed.founding = FoundingState::done;
  for (std::uint64_t operation = 1;; ++operation) {
    files->crash_after(operation);
    const bool saved = save_identity(*files, "data", changed).has_value();
    const bool crashed = files->crashed();
    files->crash();
    files.reset();
    disk->cut_power();
    files = std::make_unique<proa::testing::SimFileSystem>(disk);
    const auto found = load_identity(*files, "data");
    ASSERT_TRUE(found) << operation;
    ASSERT_TRUE(*found == identity || *found == changed) << operation;
    EXPECT_TRUE(!saved || *found == changed) << operation;
    if (!crashed) break;
    ASSERT_TRUE(save_identity(*files, "data", identity));
  }
}

TEST_F(IdentityFile, NamesEveryDamageAndANewerFormat) {
  ASSERT_TRUE(save_identity(*files, "data", identity));
  const std::string good = content();
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = bad[at] == '0' ? '9' : '0';
    replace(bad);
    EXPECT_FALSE(load_identity(*files, "data")) << at;
    replace(good.substr(0, at));
    EXPECT_FALSE(load_identity(*files, "data")) << at;
  }
  replace("proa server identity, format 2\nanything\n");
  const auto newer = load_identity(*files, "data");
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().code, Errc::unsupported_protocol);
}

TEST(ServerName, IsPlain) {
  EXPECT_TRUE(check_name("n1.rack-2_b"));
  for (const char* bad : {"", "a b", "n#1", "n=1", "n,1", "ä"})
    EXPECT_FALSE(check_name(bad)) << bad;
  EXPECT_FALSE(check_name(std::string(65, 'n')));
}

}  // namespace
}  // namespace proa::server
