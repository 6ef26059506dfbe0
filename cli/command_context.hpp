#pragma once

#include <string>
#include <vector>

#include "cli/cluster_view.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"

namespace proa::cli {

std::vector<std::string> split_list(std::string_view text);  ///< at commas

/// Looks at the cluster first, then does something with it.
template <class Use>
Exit with_cluster(const ClusterOptions& options, Use use) {
  const auto client = AdminClient::create(split_list(options.endpoints));
  if (!client) return report(client.error());
  const auto view = look_at_cluster(**client);
  if (!view) return report(view.error());
  return use(**client, *view);
}

}  // namespace proa::cli
