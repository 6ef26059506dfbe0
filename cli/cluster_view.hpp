#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/admin_client.hpp"

namespace proa::cli {

/// A member of the cluster and what it says of itself.
struct MemberView {
  Server server = {};
  std::optional<server::ServerStatus> status = {};
  std::string unreachable = {};  ///< why there is no status
};

/// A cluster as its members describe it, gathered from all of them.
struct ClusterView {
  std::vector<MemberView> members = {};  ///< in the order of the configuration
  LogIndex configuration_index = {};
  Term term = {};                     ///< the highest that anybody knows
  std::optional<Server> leader = {};  ///< of that term, if it says so itself
  LogIndex commit_index = {};         ///< the highest that anybody knows
  std::string waits_for = {};         ///< the cluster is being founded

  std::size_t voters() const;
  std::size_t voters_reached() const;
  std::size_t quorum() const { return voters() / 2 + 1; }
  bool has_quorum() const { return voters() > 0 && voters_reached() >= quorum(); }
  /// Its name or its whole id. Errors: invalid_config, when it is nobody's or several have it.
  Result<Server> find(std::string_view name) const;
};

/// Errors: those of AdminClient::any_status.
Result<ClusterView> look_at_cluster(AdminClient& client);

void print_status(const ClusterView& view);  ///< for people

}  // namespace proa::cli
