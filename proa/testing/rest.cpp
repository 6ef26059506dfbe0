#include "proa/testing/rest.hpp"

namespace proa::testing {

bool all_equal(const SimCluster& cluster, LogIndex last_applied) {
  const auto& invariants = cluster.invariants();
  const auto leader = cluster.leader();
  if (!leader) return false;
  const Configuration in_force = cluster.raft(*leader)->status().latest_configuration.configuration;
  for (std::size_t server = 0; server < cluster.size(); ++server) {
    if (!in_force.is_member(cluster.server(server).id)) continue;
    const ServerShadow& shadow = invariants.shadow(server);
    if (shadow.log.last() != invariants.shadow(*leader).log.last()) return false;
    if (shadow.commit != invariants.last_committed()) return false;
    if (shadow.applied < last_applied) return false;
  }
  return true;
}

std::string stands(const SimCluster& cluster) {
  std::string text;
  for (std::size_t server = 0; server < cluster.size(); ++server) {
    const ServerShadow& shadow = cluster.invariants().shadow(server);
    text += "\n  " + shadow.id.value + ": log " + to_string(shadow.log.first()) + ".." +
            to_string(shadow.log.last()) + ", commit " + to_string(shadow.commit) + ", applied " +
            to_string(shadow.applied);
    const Raft* raft = cluster.raft(server);
    if (raft == nullptr) {
      text += ", down";
      continue;
    }
    const Status status = raft->status();
    text += std::string(", ") + to_string(status.role) + " of term " + to_string(status.term) +
            ", last " + to_string(status.last_log) + ", durable " +
            to_string(status.durable_index) + ", applied " + to_string(status.applied_index) +
            ", configuration of " + to_string(status.latest_configuration.index) + " " +
            to_string(status.latest_configuration.configuration);
  }
  return text;
}

}  // namespace proa::testing
