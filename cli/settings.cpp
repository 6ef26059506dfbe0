#include "cli/settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "server/admin/identity.hpp"

namespace proa::cli {
namespace {

Failure invalid(std::string detail) {
  return fail(Error{
      .code = Errc::invalid_config, .outcome = Outcome::not_executed, .detail = std::move(detail)});
}

std::string quoted(std::string_view text) { return "'" + std::string{text} + "'"; }

Result<void> set_name(Settings& settings, std::string_view value) {
  PROA_TRY(server::check_name(value));
  settings.name = value;
  return {};
}

Result<void> set_data(Settings& settings, std::string_view value) {
  if (value.empty()) return invalid("it must name a directory");
  settings.data = value;
  return {};
}

Result<void> set_cluster(Settings& settings, std::string_view value) {
  PROA_TRY(settings.cluster, parse_cluster(value));
  return {};
}

/// `host:port`, where the port is a number.
Result<std::string> parse_address(std::string_view value) {
  const std::size_t colon = value.rfind(':');
  std::uint16_t port = 0;
  if (colon != std::string_view::npos) {
    const char* const end = value.data() + value.size();
    const auto [stopped, error] = std::from_chars(value.data() + colon + 1, end, port);
    if (error == std::errc{} && stopped == end && colon + 1 < value.size())
      return std::string{value};
  }
  return invalid(quoted(value) + " is no address; write host:port with a port of 0 to 65535");
}

Result<void> set_listen(Settings& settings, std::string_view value) {
  PROA_TRY(settings.listen, parse_address(value));
  return {};
}

Result<void> set_peer_listen(Settings& settings, std::string_view value) {
  PROA_TRY(settings.peer_listen, parse_address(value));
  return {};
}

Result<void> set_heartbeat(Settings& settings, std::string_view value) {
  PROA_TRY(settings.heartbeat, parse_duration(value));
  return {};
}

Result<void> set_election(Settings& settings, std::string_view value) {
  PROA_TRY(settings.election, parse_duration(value));
  return {};
}

Result<void> set_stop_limit(Settings& settings, std::string_view value) {
  PROA_TRY(settings.stop_limit, parse_duration(value));
  return {};
}

Result<std::uint64_t> parse_count(std::string_view value) {
  std::uint64_t number = 0;
  const char* const end = std::to_address(value.end());
  const auto [stopped, error] = std::from_chars(std::to_address(value.begin()), end, number);
  if (value.empty() || error != std::errc{} || stopped != end)
    return invalid(quoted(value) + " is no number; write digits only");
  return number;
}

Result<void> set_snapshot_entries(Settings& settings, std::string_view value) {
  PROA_TRY(settings.snapshot_entries, parse_count(value));
  return {};
}

Result<void> set_trailing(Settings& settings, std::string_view value) {
  PROA_TRY(settings.trailing, parse_count(value));
  return {};
}

template <class Enumeration, std::size_t size>
Result<Enumeration> one_of(const std::array<std::pair<std::string_view, Enumeration>, size>& words,
                           std::string_view value) {
  std::string allowed;
  for (const auto& [word, meaning] : words) {
    if (word == value) return meaning;
    allowed += (allowed.empty() ? "" : ", ") + std::string{word};
  }
  return invalid(quoted(value) + " is not one of " + allowed);
}

Result<void> set_log_level(Settings& settings, std::string_view value) {
  constexpr std::array<std::pair<std::string_view, LogLevel>, 5> kLevels{{
      {"trace", LogLevel::trace},
      {"debug", LogLevel::debug},
      {"info", LogLevel::info},
      {"warn", LogLevel::warn},
      {"error", LogLevel::error},
  }};
  PROA_TRY(settings.log_level, one_of(kLevels, value));
  return {};
}

Result<void> set_log_file(Settings& settings, std::string_view value) {
  settings.log_file = value;
  return {};
}

Result<void> set_disk(Settings& settings, std::string_view value) {
  constexpr std::array<std::pair<std::string_view, TestDisk>, 4> kDisks{{
      {"real", TestDisk::real},
      {"buffered", TestDisk::buffered},
      {"log-never", TestDisk::log_never},
      {"log-fails", TestDisk::log_fails},
  }};
  PROA_TRY(settings.disk, one_of(kDisks, value));
  return {};
}

constexpr std::array<Setting, 13> kSettings{{
    {"name", "NAME", "who this server is: stable, not an address", set_name},
    {"data", "DIR", "directory of its data, made if it is missing", set_data},
    {"cluster", "N1=H1:7401,...",
     "every server of the cluster, this one too; the same list, in "
     "the same order, on each",
     set_cluster},
    {"listen", "HOST:PORT", "where clients connect (127.0.0.1:7400)", set_listen},
    {"peer_listen", "HOST:PORT", "where other servers connect (its address in the list)",
     set_peer_listen},
    {"heartbeat", "TIME", "a follower that hears nothing for so long looks for a leader (500ms)",
     set_heartbeat},
    {"election", "TIME", "an election that takes longer is tried again (500ms)", set_election},
    {"snapshot_entries", "N", "entries in the log before a snapshot is taken (200000)",
     set_snapshot_entries},
    {"trailing", "N", "entries kept behind a snapshot for slow followers (10240)", set_trailing},
    {"stop_timeout", "TIME", "how long SIGTERM may take (10s)", set_stop_limit},
    {"log_level", "LEVEL", "trace, debug, info, warn or error (info)", set_log_level},
    {"log_file", "FILE", "where log lines are appended (standard error)", set_log_file},
    {"test_disk", "KIND", "", set_disk},
}};

struct Source {
  std::string_view title;
  const Values& values;
};

std::string name_in(const Source& source, const Setting& setting) {
  if (source.title == "flag") return flag_of(setting);
  if (source.title == "environment") return environment_name_of(setting);
  return std::string{setting.key} + " in the settings file";
}

Result<void> check_whole(const Settings& settings) {
  if (settings.name.empty())
    return invalid("--name is missing; give this server a name, for example --name n1");
  if (settings.data.empty())
    return invalid("--data is missing; give the directory of this server's data");
  if (settings.cluster.empty()) {
    return invalid("--cluster is missing; list every server, for one alone --cluster " +
                   settings.name + "=127.0.0.1:7401");
  }
  if (settings.self() == nullptr && settings.peer_listen.empty()) {
    return invalid("--cluster does not list " + settings.name +
                   ", so its own address is not known; list it, or give --peer-listen to join "
                   "the servers that are listed");
  }
  return {};
}

}  // namespace

const server::Listed* Settings::self() const {
  const auto found = std::ranges::find(cluster, name, &server::Listed::name);
  return found == cluster.end() ? nullptr : &*found;
}

std::span<const Setting> all_settings() { return kSettings; }

std::string flag_of(const Setting& setting) {
  std::string flag = "--" + std::string{setting.key};
  std::ranges::replace(flag, '_', '-');
  return flag;
}

std::string environment_name_of(const Setting& setting) {
  std::string name = "PROA_";
  for (const char letter : setting.key) {
    const bool is_lower = letter >= 'a' && letter <= 'z';
    name += is_lower ? static_cast<char>(letter - 'a' + 'A') : letter;
  }
  return name;
}

Result<Settings> make_settings(const Values& flags, const Values& environment, const Values& file) {
  const std::array<Source, 3> sources{
      {{"flag", flags}, {"environment", environment}, {"file", file}}};
  Settings settings;
  for (const Setting& setting : kSettings) {
    for (const Source& source : sources) {
      const auto found = source.values.find(setting.key);
      if (found == source.values.end()) continue;
      const auto applied = setting.apply(settings, found->second);
      if (!applied) return invalid(name_in(source, setting) + ": " + applied.error().detail);
      break;
    }
  }
  PROA_TRY(check_whole(settings));
  return settings;
}

Result<Duration> parse_duration(std::string_view text) {
  std::int64_t number = 0;
  const char* const end = std::to_address(text.end());
  const auto [stopped, error] = std::from_chars(std::to_address(text.begin()), end, number);
  const std::string_view unit{stopped, static_cast<std::size_t>(end - stopped)};
  constexpr std::int64_t kMost = 1'000'000;
  if (error == std::errc{} && number >= 0 && number <= kMost) {
    if (unit == "us") return Duration{std::chrono::microseconds{number}};
    if (unit == "ms") return Duration{std::chrono::milliseconds{number}};
    if (unit == "s") return Duration{std::chrono::seconds{number}};
    if (unit == "m") return Duration{std::chrono::minutes{number}};
  }
  return invalid(quoted(text) +
                 " is no time; write a number of at most 1000000 and a unit: us, "
                 "ms, s or m, for example 250ms");
}

Result<std::vector<server::Listed>> parse_cluster(std::string_view text) {
  std::vector<server::Listed> cluster;
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos) {
      return invalid(quoted(item) +
                     " does not name a server; write name=host:port for each, with "
                     "commas between them");
    }
    server::Listed listed{.name = std::string{item.substr(0, equals)}};
    PROA_TRY(server::check_name(listed.name));
    PROA_TRY(listed.address.value, parse_address(item.substr(equals + 1)));
    for (const server::Listed& other : cluster) {
      if (other.name == listed.name || other.address == listed.address)
        return invalid("it lists " + std::string{item} + " a second time");
    }
    cluster.push_back(std::move(listed));
  }
  if (cluster.empty()) return invalid("it lists no server");
  return cluster;
}

}  // namespace proa::cli
