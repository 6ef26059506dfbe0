#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "cli/command_context.hpp"
#include "server/admin/identity.hpp"

namespace proa::cli {
namespace {

namespace json = boost::json;

std::string name_of(const Server& server) { return std::string{server::name_of(server.id)}; }

Exit print_leader(const ClusterOptions& options, const ClusterView& view) {
  if (!view.leader) {
    return report(Exit::no_leader, "nobody leads the cluster in term " + to_string(view.term),
                  "see who is missing: proa status");
  }
  const auto leads = std::ranges::find_if(
      view.members, [&](const MemberView& member) { return member.server == *view.leader; });
  const std::string& clients = leads->status->client_address;
  if (options.json) {
    line(json::serialize(json::object{{"name", name_of(*view.leader)},
                                      {"id", view.leader->id.value},
                                      {"address", view.leader->address.value},
                                      {"client_address", clients},
                                      {"term", view.term.value}}));
  } else {
    line("leader " + name_of(*view.leader) + "   term " + to_string(view.term) + "   clients " +
         clients + "   peers " + view.leader->address.value);
  }
  return Exit::ok;
}

Exit show_leader(const ClusterOptions& options) {
  return with_cluster(
      options, [&](AdminClient&, const ClusterView& view) { return print_leader(options, view); });
}

Exit transfer_leadership(const ClusterOptions& options, const std::string& name) {
  return with_cluster(options, [&](AdminClient& client, const ClusterView& view) {
    std::string id;
    if (!name.empty()) {
      const auto to = view.find(name);
      if (!to) return report(to.error(), Exit::not_found);
      id = to->id.value;
    }
    if (view.leader && view.leader->id.value == id) return print_leader(options, view);
    const auto answer =
        client.call_leader(server::CallKind::transfer, CallWriter{}.text(id).take());
    if (!answer) return report(answer.error());
    const auto now = client.wait_for_leader();
    if (!now) return report(now.error());
    const auto after = look_at_cluster(client);
    return after ? print_leader(options, *after) : report(after.error());
  });
}

}  // namespace

void add_leader(CLI::App& app, Run& run) {
  CLI::App* const leader = app.add_subcommand("leader", "See and change who leads.");
  leader->require_subcommand(1);
  CLI::App* const show = leader->add_subcommand("show", "Show who leads.");
  const auto show_options = add_cluster_options(*show);
  show->callback([&run, show_options] { run = [=] { return show_leader(*show_options); }; });

  CLI::App* const transfer =
      leader->add_subcommand("transfer", "Hand leadership over, to whoever is best or to NAME.");
  const auto options = add_cluster_options(*transfer);
  const auto name = std::make_shared<std::string>();
  transfer->add_option("NAME", *name, "its name, or its whole id");
  transfer->callback(
      [&run, options, name] { run = [=] { return transfer_leadership(*options, *name); }; });
}

}  // namespace proa::cli
