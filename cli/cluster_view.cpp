#include "cli/cluster_view.hpp"

#include <algorithm>

#include "server/admin/identity.hpp"

namespace proa::cli {
namespace {

bool is_voter(const MemberView& member) { return member.server.suffrage == Suffrage::voter; }

void take_in(ClusterView& view, const server::ServerStatus& status) {
  view.term = std::max(view.term, status.raft.term);
  view.commit_index = std::max(view.commit_index, status.raft.commit_index);
}

/// The newest configuration that anybody has, and who says it leads in the newest term.
const server::ServerStatus& newest(const std::vector<const server::ServerStatus*>& known) {
  return **std::ranges::max_element(known, {}, [](const server::ServerStatus* status) {
    return status->raft.latest_configuration.index;
  });
}

}  // namespace

std::size_t ClusterView::voters() const {
  return static_cast<std::size_t>(std::ranges::count_if(members, is_voter));
}

std::size_t ClusterView::voters_reached() const {
  return static_cast<std::size_t>(std::ranges::count_if(members, [](const MemberView& member) {
    return is_voter(member) && member.status && member.status->id == member.server.id;
  }));
}

Result<Server> ClusterView::find(std::string_view name) const {
  std::vector<Server> found;
  for (const MemberView& member : members) {
    if (member.server.id.value == name) return member.server;
    if (server::name_of(member.server.id) == name) found.push_back(member.server);
  }
  if (found.size() == 1) return found.front();
  const std::string which = found.empty() ? " is no member of the cluster; see them: "
                                          : " is the name of several members; give a whole id of: ";
  return fail(Error{.code = Errc::invalid_config,
                    .outcome = Outcome::not_executed,
                    .detail = "'" + std::string{name} + "'" + which + "proa member list"});
}

Result<ClusterView> look_at_cluster(AdminClient& client) {
  PROA_TRY(const server::ServerStatus first, client.any_status());
  ClusterView view{.waits_for = first.waits_for};
  if (first.phase == server::ServerStatus::Phase::founding) return view;
  view.waits_for.clear();

  std::vector<ServerAddress> addresses;
  for (const Server& server : first.raft.latest_configuration.configuration.servers)
    addresses.push_back(server.address);
  const auto statuses = client.statuses(addresses);
  std::vector<const server::ServerStatus*> known{&first};
  for (const auto& status : statuses)
    if (status) known.push_back(&*status);
  const ConfigurationAt& configuration = newest(known).raft.latest_configuration;
  view.configuration_index = configuration.index;
  for (const server::ServerStatus* status : known)
    take_in(view, *status);

  for (const Server& server : configuration.configuration.servers) {
    MemberView member{.server = server, .unreachable = "not asked"};
    for (std::size_t which = 0; which < addresses.size(); ++which) {
      if (addresses[which] != server.address) continue;
      if (statuses[which]) {
        member.status = *statuses[which];
        member.unreachable.clear();
      } else {
        member.unreachable = statuses[which].error().detail;
      }
    }
    const bool leads = member.status && member.status->raft.role == Role::leader &&
                       member.status->raft.term == view.term;
    if (leads) view.leader = server;
    view.members.push_back(std::move(member));
  }
  return view;
}

}  // namespace proa::cli
