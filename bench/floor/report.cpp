#include "bench/floor/report.hpp"

#include <fmt/format.h>

#include <iterator>

namespace proa::bench {

std::string as_table(const std::vector<RoundResult>& rounds, const std::vector<Probe>& probes) {
  std::string text;
  auto out = std::back_inserter(text);
  if (!rounds.empty()) {
    fmt::format_to(out, "bare write path: 3 processes, {} B commands, synced\n", kCommandBytes);
    fmt::format_to(out, "{:>9} {:>9} {:>9} {:>13} {:>19} {:>19} {:>11} {:>12}\n", "commands",
                   "p50 us", "p99 us", "bound /s", "leader switch/sync", "follower switch/sync",
                   "leader CPU", "CPU/command");
  }
  for (const RoundResult& r : rounds) {
    fmt::format_to(out,
                   "{:>9} {:>9.1f} {:>9.1f} {:>13.0f} {:>12.2f} / {:.2f} {:>13.2f} / {:.2f} "
                   "{:>8.1f} us {:>9.2f} us\n",
                   r.commands, r.round.p50_us, r.round.p99_us, r.commits_per_second,
                   r.leader_switches, r.leader_syncs, r.follower_switches, r.follower_syncs,
                   r.leader_cpu_us, r.cpu_us_per_command);
  }
  if (!probes.empty()) {
    fmt::format_to(out, "{:<32} {:>9} {:>9} {:>9} {:>9}\n", "probe", "p50 us", "p99 us", "switches",
                   "CPU us");
  }
  for (const Probe& p : probes) {
    fmt::format_to(out, "{:<32} {:>9.1f} {:>9.1f} {:>9.2f} {:>9.1f}\n", p.name, p.duration.p50_us,
                   p.duration.p99_us, p.switches, p.cpu_us);
  }
  return text;
}

std::string as_json(const std::vector<RoundResult>& rounds, const std::vector<Probe>& probes) {
  std::string text = "{\"rounds\": [";
  auto out = std::back_inserter(text);
  for (const RoundResult& r : rounds) {
    fmt::format_to(out,
                   "{}\n  {{\"commands\": {}, \"p50_us\": {:.2f}, \"p99_us\": {:.2f}, "
                   "\"bound_per_second\": {:.0f}, \"leader_switches\": {:.3f}, "
                   "\"leader_syncs\": {:.3f}, \"follower_switches\": {:.3f}, "
                   "\"follower_syncs\": {:.3f}, \"leader_cpu_us\": {:.2f}, "
                   "\"cpu_us_per_command\": {:.4f}}}",
                   &r == rounds.data() ? "" : ",", r.commands, r.round.p50_us, r.round.p99_us,
                   r.commits_per_second, r.leader_switches, r.leader_syncs, r.follower_switches,
                   r.follower_syncs, r.leader_cpu_us, r.cpu_us_per_command);
  }
  text += "], \"probes\": [";
  for (const Probe& p : probes) {
    fmt::format_to(out,
                   "{}\n  {{\"name\": \"{}\", \"p50_us\": {:.2f}, \"p99_us\": {:.2f}, "
                   "\"switches\": {:.3f}, \"cpu_us\": {:.2f}}}",
                   &p == probes.data() ? "" : ",", p.name, p.duration.p50_us, p.duration.p99_us,
                   p.switches, p.cpu_us);
  }
  return text + "]}\n";
}

}  // namespace proa::bench
