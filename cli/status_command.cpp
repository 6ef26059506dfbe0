#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "cli/cluster_view.hpp"
#include "cli/command_context.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "server/admin/identity.hpp"

namespace proa::cli {
namespace {

namespace json = boost::json;

std::string name_of(const Server& server) { return std::string{server::name_of(server.id)}; }

/// One word for the whole cluster.
std::string_view verdict(const ClusterView& view) {
  if (!view.waits_for.empty() || view.members.empty()) return "FOUNDING";
  if (!view.has_quorum()) return "NO QUORUM";
  if (!view.leader) return "NO LEADER";
  const bool all = std::ranges::all_of(view.members, [](const MemberView& member) {
    return member.status && member.status->id == member.server.id;
  });
  return all ? "HEALTHY" : "DEGRADED";
}

std::uint64_t lag_of(const ClusterView& view, const MemberView& member) {
  const std::uint64_t applied = member.status->raft.applied_index.value;
  return view.commit_index.value - std::min(view.commit_index.value, applied);
}

std::string_view role_of(const MemberView& member) {
  if (!member.status) return "-";
  switch (member.status->raft.role) {
    case Role::leader:
      return "leader";
    case Role::candidate:
      return "candidate";
    case Role::follower:
      return member.server.suffrage == Suffrage::voter ? "follower" : "nonvoter";
    case Role::shutdown:
      return "stopped";
  }
  return "-";
}

std::string state_of(const MemberView& member) {
  if (!member.status) return "unreachable";
  return member.status->id == member.server.id ? "healthy" : "replaced";
}

std::string contact_of(const MemberView& member) {
  const bool shows = member.status && member.status->contact_milliseconds &&
                     member.status->raft.role != Role::leader;
  return shows ? std::to_string(*member.status->contact_milliseconds) + " ms" : "-";
}

std::vector<std::string> row_of(const ClusterView& view, const MemberView& member) {
  std::vector<std::string> row{name_of(member.server), std::string{role_of(member)},
                               state_of(member)};
  if (member.status) {
    const Status& raft = member.status->raft;
    const bool leads = raft.role == Role::leader;
    row.insert(row.end(),
               {leads ? "-" : grouped(lag_of(view, member)), grouped(raft.commit_index.value),
                grouped(raft.applied_index.value), grouped(raft.snapshot.index.value)});
  } else {
    row.insert(row.end(), 4, "-");
  }
  row.insert(row.end(), {contact_of(member), member.server.address.value,
                         member.status ? member.status->client_address : "-"});
  return row;
}

json::object json_of(const ClusterView& view, const MemberView& member) {
  json::object object{{"name", name_of(member.server)},
                      {"id", member.server.id.value},
                      {"address", member.server.address.value},
                      {"suffrage", to_string(member.server.suffrage)},
                      {"state", state_of(member)}};
  if (!member.status) {
    object["error"] = member.unreachable;
    return object;
  }
  const Status& raft = member.status->raft;
  object["role"] = std::string{role_of(member)};
  object["version"] = member.status->version;
  object["client_address"] = member.status->client_address;
  object["term"] = raft.term.value;
  object["lag"] = lag_of(view, member);
  object["last_index"] = raft.last_log.index.value;
  object["commit_index"] = raft.commit_index.value;
  object["durable_index"] = raft.durable_index.value;
  object["applied_index"] = raft.applied_index.value;
  object["snapshot_index"] = raft.snapshot.index.value;
  if (member.status->contact_milliseconds)
    object["contact_milliseconds"] = *member.status->contact_milliseconds;
  return object;
}

void print_json(const ClusterView& view) {
  json::array servers;
  for (const MemberView& member : view.members)
    servers.push_back(json_of(view, member));
  json::object cluster{{"verdict", verdict(view)},
                       {"term", view.term.value},
                       {"voters", view.voters()},
                       {"voters_reached", view.voters_reached()},
                       {"quorum", view.has_quorum()},
                       {"commit_index", view.commit_index.value},
                       {"configuration_index", view.configuration_index.value}};
  if (view.leader) cluster["leader"] = name_of(*view.leader);
  if (!view.waits_for.empty()) cluster["waits_for"] = view.waits_for;
  line(json::serialize(json::object{{"cluster", cluster}, {"servers", servers}}));
}

Exit show_status(const ClusterOptions& options) {
  return with_cluster(options, [&](AdminClient&, const ClusterView& view) {
    options.json ? print_json(view) : print_status(view);
    return view.leader && view.has_quorum() ? Exit::ok : Exit::no_leader;
  });
}

}  // namespace

void print_status(const ClusterView& view) {
  std::string head = "cluster  " + std::string{verdict(view)};
  if (!view.waits_for.empty()) return line(head + "   waiting for " + view.waits_for);
  const std::size_t reached = view.voters_reached();
  head += "   " + std::to_string(reached) + "/" + std::to_string(view.voters()) + " voters";
  if (view.has_quorum()) {
    const std::size_t spare = reached - view.quorum();
    head += ", survives " + std::to_string(spare) + (spare == 1 ? " failure" : " failures");
  }
  head += "   term " + std::to_string(view.term.value);
  if (view.leader) head += "   leader " + name_of(*view.leader);
  line(head + "\n");
  std::vector<std::vector<std::string>> rows{{"NAME", "ROLE", "STATE", "LAG", "COMMITTED",
                                              "APPLIED", "SNAPSHOT", "CONTACT", "ADDRESS",
                                              "CLIENTS"}};
  for (const MemberView& member : view.members)
    rows.push_back(row_of(view, member));
  std::string text = table(rows);
  text.pop_back();
  line(text);
}

void add_status(CLI::App& app, Run& run) {
  CLI::App* const command =
      app.add_subcommand("status", "Show every server of a cluster and how it is.");
  const auto options = add_cluster_options(*command);
  command->callback([&run, options] { run = [=] { return show_status(*options); }; });
}

}  // namespace proa::cli
