#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>

#include "cli/commands.hpp"
#include "cli/demo_script.hpp"
#include "cli/output.hpp"

namespace proa::cli {
namespace {

Exit run_demo(const DemoOptions& options) {
  if (!options.script && ::isatty(STDIN_FILENO) == 0)
    return report(Exit::usage, "there is no terminal for keys", "proa demo --script");
  const auto began = std::chrono::steady_clock::now();
  const auto cluster = DemoCluster::start(options);
  if (!cluster) return report(cluster.error());
  const auto leader = (*cluster)->leader();
  if (!leader) return report(leader.error());
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - began);
  line("demo cluster ready in " + std::to_string(took.count()) + " ms   leader " +
       (*cluster)->name(*leader) + "   data in " + options.directory +
       (options.keep ? "" : " (deleted on exit; --keep to keep)"));
  std::string ports;
  for (std::size_t which = 0; which < (*cluster)->size(); ++which)
    ports += (ports.empty() ? "" : ", ") + std::to_string((*cluster)->port(which));
  line("  redis-cli -p " + std::to_string((*cluster)->port(0)) + "        clients (any of " +
       ports + ")");
  if (!options.script) return run_demo_keys(**cluster);
  return run_demo_script(**cluster, options.loses_a_write);
}

}  // namespace

void add_demo(CLI::App& app, Run& run) {
  CLI::App* const command = app.add_subcommand(
      "demo", "Run a throw-away cluster of three servers on loopback, with keys to break it.");
  const auto options = std::make_shared<DemoOptions>();
  command->add_flag("--script", options->script,
                    "the tour without keys; fails if an acknowledged write is missing");
  command->add_flag("--keep", options->keep, "keep the data");
  command->add_option("--data", options->directory, "where the data goes; must not exist")
      ->type_name("DIR")
      ->capture_default_str();
  command->add_option("--port", options->port, "the first of thirty ports")
      ->type_name("PORT")
      ->capture_default_str()
      ->check(CLI::Range(1, 65500));
  command->add_flag("--test-lose-a-write", options->loses_a_write)->group("");
  command->callback([&run, options] { run = [=] { return run_demo(*options); }; });
}

}  // namespace proa::cli
