#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proa/base/logger.hpp"
#include "proa/base/result.hpp"
#include "proa/base/time.hpp"
#include "server/admin/founding.hpp"

namespace proa::cli {

/// How the disk behaves: in more than one way for tests of the program itself.
enum class TestDisk : std::uint8_t {
  real,
  buffered,   ///< what is not synced is held in this process and dies with it
  log_never,  ///< so, and syncs of the log are forgotten
  log_fails,  ///< so, and syncs of the log fail after the first few
};

/// What `proa serve` runs with.
struct Settings {
  std::string name = {};
  std::string data = {};
  std::vector<server::Listed> cluster = {};
  std::string listen = "127.0.0.1:7400";  ///< clients
  std::string peer_listen = {};           ///< empty: the address in the list
  Duration heartbeat = std::chrono::milliseconds{500};
  Duration election = std::chrono::milliseconds{500};
  std::uint64_t snapshot_entries = 200'000;
  std::uint64_t trailing = 10'240;
  Duration stop_limit = std::chrono::seconds{10};
  LogLevel log_level = LogLevel::info;
  std::string log_file = {};
  TestDisk disk = TestDisk::real;

  const server::Listed* self() const;  ///< in the list; nullptr: not there
};

/// One setting: its key in proa.toml, with `-` for `_` the flag `--key`, and in capitals behind
/// PROA_ the environment variable.
struct Setting {
  std::string_view key;
  std::string_view value;    ///< what is written there, for help texts
  std::string_view summary;  ///< one line; empty: in no help text
  Result<void> (*apply)(Settings& settings, std::string_view value);
};

/// All of them, in the order of help texts.
std::span<const Setting> all_settings();
std::string flag_of(const Setting& setting);
std::string environment_name_of(const Setting& setting);

/// Values by key.
using Values = std::map<std::string, std::string, std::less<>>;

/// The keys of a file in TOML's form. Errors: invalid_config, naming the file, the line and, for a
/// key that does not exist, the one that was probably meant; io_error.
Result<Values> read_settings_file(const std::string& path);

/// Flags win over the environment, that over the file, that over the defaults. Errors:
/// invalid_config, naming where the value came from, the value and what is allowed.
Result<Settings> make_settings(const Values& flags, const Values& environment, const Values& file);

Result<Duration> parse_duration(std::string_view text);  ///< `250ms`, `2s`, `1m`
Result<std::vector<server::Listed>> parse_cluster(std::string_view text);

}  // namespace proa::cli
