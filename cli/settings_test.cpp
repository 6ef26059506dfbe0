#include "cli/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "proa/runtime/detail/temporary_directory.hpp"

namespace proa::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

Values good() { return {{"name", "n1"}, {"data", "/d"}, {"cluster", "n1=h1:7401,n2=h2:7401"}}; }

std::string refusal_of(const std::string& key, const std::string& value) {
  Values flags = good();
  flags[key] = value;
  const auto settings = make_settings(flags, {}, {});
  return settings ? "" : settings.error().detail;
}

TEST(Settings, AFlagWinsOverTheEnvironmentAndThatOverTheFile) {
  Values flags = good();
  flags["heartbeat"] = "1s";
  const Values environment{{"heartbeat", "2s"}, {"election", "3s"}};
  const Values file{{"election", "4s"}, {"trailing", "5"}};
  const Settings settings = make_settings(flags, environment, file).value();
  EXPECT_EQ(settings.heartbeat, 1s);
  EXPECT_EQ(settings.election, 3s);
  EXPECT_EQ(settings.trailing, 5U);
  EXPECT_EQ(settings.self()->address, ServerAddress{"h1:7401"});
}

TEST(Settings, ARefusalNamesTheFlagTheValueAndWhatIsAllowed) {
  EXPECT_THAT(refusal_of("name", "n 1"), AllOf(HasSubstr("--name"), HasSubstr("'n 1'")));
  EXPECT_THAT(refusal_of("listen", "h:70000"),
              AllOf(HasSubstr("--listen"), HasSubstr("'h:70000'"), HasSubstr("65535")));
  EXPECT_THAT(refusal_of("heartbeat", "250"),
              AllOf(HasSubstr("--heartbeat"), HasSubstr("'250'"), HasSubstr("250ms")));
  EXPECT_THAT(refusal_of("log_level", "loud"), HasSubstr("trace, debug, info, warn, error"));
  EXPECT_THAT(refusal_of("cluster", "n1=h:1,n1=h:2"), HasSubstr("n1=h:2 a second time"));
  EXPECT_THAT(refusal_of("cluster", "n1"), HasSubstr("name=host:port"));
  EXPECT_THAT(refusal_of("cluster", "n9=h:1"), HasSubstr("does not list n1"));
  EXPECT_THAT(refusal_of("trailing", "-1"), HasSubstr("'-1' is no number"));
}

TEST(Settings, AMissingOneIsNamedWithAnExample) {
  for (const char* key : {"name", "data", "cluster"}) {
    Values flags = good();
    flags.erase(key);
    const auto settings = make_settings(flags, {}, {});
    ASSERT_FALSE(settings) << key;
    EXPECT_THAT(settings.error().detail, HasSubstr(std::string{"--"} + key + " is missing"));
  }
}

struct SettingsFile : ::testing::Test {
  Result<Values> read(const std::string& text) {
    std::ofstream{path} << text;
    return read_settings_file(path);
  }
  detail::TemporaryDirectory directory;
  std::string path = directory / "proa.toml";
};

TEST_F(SettingsFile, HoldsTextsNumbersAndLists) {
  const auto values = read("name = \"n1\"\ntrailing = 100\ncluster = [\"n1=h1:1\", \"n2=h2:1\"]\n");
  ASSERT_TRUE(values) << values.error().detail;
  EXPECT_EQ(*values, (Values{{"name", "n1"}, {"trailing", "100"}, {"cluster", "n1=h1:1,n2=h2:1"}}));
}

TEST_F(SettingsFile, ARefusalNamesTheLineAndTheKeyThatWasMeant) {
  EXPECT_THAT(read("name = \"n1\"\npeer_lisen = \"h:1\"\n").error().detail,
              AllOf(HasSubstr("proa.toml:2"), HasSubstr("did you mean peer_listen?")));
  EXPECT_THAT(read("trailing = 1.5\n").error().detail, HasSubstr("proa.toml:1"));
  EXPECT_THAT(read("name = \n").error().detail, HasSubstr("proa.toml:1"));
  EXPECT_EQ(read_settings_file(directory / "missing").error().code, Errc::io_error);
}

}  // namespace
}  // namespace proa::cli
