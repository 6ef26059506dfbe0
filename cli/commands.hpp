#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/exit.hpp"

namespace CLI {
class App;
}

namespace proa::cli {

/// A command that was chosen: what to run once all of the command line is read.
using Run = std::function<Exit()>;

void add_serve(CLI::App& app, Run& run);
void add_version(CLI::App& app, Run& run);
void add_demo(CLI::App& app, Run& run);
void add_status(CLI::App& app, Run& run);
void add_member(CLI::App& app, Run& run);
void add_leader(CLI::App& app, Run& run);

/// What every command that looks after a cluster takes.
struct ClusterOptions {
  std::string endpoints = "127.0.0.1:7401";
  bool json = false;
};
std::shared_ptr<ClusterOptions> add_cluster_options(CLI::App& command);

}  // namespace proa::cli
