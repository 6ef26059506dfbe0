#include <CLI/CLI.hpp>

#include <algorithm>

#include "cli/command_context.hpp"

namespace proa::cli {

std::shared_ptr<ClusterOptions> add_cluster_options(CLI::App& command) {
  auto options = std::make_shared<ClusterOptions>();
  command
      .add_option("--endpoint", options->endpoints,
                  "peers' addresses of servers, tried in this order")
      ->type_name("HOST:PORT,...")
      ->envname("PROA_ENDPOINT")
      ->capture_default_str();
  command.add_flag("--json", options->json, "print the same facts for programs");
  return options;
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    if (!item.empty()) items.emplace_back(item);
  }
  return items;
}

}  // namespace proa::cli
