#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "cli/command_context.hpp"
#include "server/admin/identity.hpp"

namespace proa::cli {
namespace {

namespace json = boost::json;
using server::CallKind;

std::string name_of(const ServerId& id) { return std::string{server::name_of(id)}; }

Exit list_members(const ClusterOptions& options) {
  return with_cluster(options, [&](AdminClient&, const ClusterView& view) {
    std::vector<std::vector<std::string>> rows{{"NAME", "SUFFRAGE", "ADDRESS", "ID"}};
    json::array members;
    for (const MemberView& member : view.members) {
      const Server& at = member.server;
      rows.push_back({name_of(at.id), to_string(at.suffrage), at.address.value, at.id.value});
      members.push_back(json::object{{"name", name_of(at.id)},
                                     {"id", at.id.value},
                                     {"suffrage", to_string(at.suffrage)},
                                     {"address", at.address.value}});
    }
    std::string text =
        options.json
            ? json::serialize(json::object{{"members", members},
                                           {"configuration_index", view.configuration_index.value}})
            : table(rows);
    if (!options.json) text.pop_back();
    line(text);
    return Exit::ok;
  });
}

/// Says what was done to whom, and where in the log it stands.
Exit done(const ClusterOptions& options, std::string_view what, const Server& server,
          const Result<SharedBytes>& answer) {
  if (!answer) return report(answer.error());
  CallReader reader{*answer};
  const std::uint64_t index = reader.u64();
  if (options.json) {
    line(json::serialize(json::object{{"done", what},
                                      {"id", server.id.value},
                                      {"address", server.address.value},
                                      {"index", index}}));
  } else {
    line(std::string{what} + " " + server.id.value + " at index " + std::to_string(index));
  }
  return Exit::ok;
}

SharedBytes body_of(LogIndex based_on, const Server& server) {
  return CallWriter{}.u64(based_on.value).server(server).take();
}

SharedBytes body_of(LogIndex based_on, const ServerId& id) {
  return CallWriter{}.u64(based_on.value).text(id.value).take();
}

Exit add_member_at(const ClusterOptions& options, const std::string& address, bool nonvoter) {
  return with_cluster(options, [&](AdminClient& client, const ClusterView& view) {
    const auto asked = client.status_at({address});
    if (!asked) return report(asked.error());
    const Configuration& has = asked->raft.latest_configuration.configuration;
    if (has.is_member(asked->id) && asked->raft.latest_configuration.index > LogIndex{}) {
      const bool is_here = std::ranges::any_of(view.members, [&](const MemberView& member) {
        return member.server.id == asked->id && member.server.suffrage == Suffrage::voter;
      });
      if (is_here) return report(Exit::refused, asked->id.value + " is a voter already");
    }
    const Server server{.suffrage = nonvoter ? Suffrage::nonvoter : Suffrage::voter,
                        .id = asked->id,
                        .address = {address}};
    const auto answer =
        client.call_leader(CallKind::add, body_of(view.configuration_index, server));
    return done(options, "added", server, answer);
  });
}

/// How many voters can be reached once `gone` is none any more.
Exit refuse_if_unsafe(const ClusterView& view, const Server& gone, const std::string& what) {
  std::size_t voters = 0;
  std::size_t reached = 0;
  std::string missing;
  for (const MemberView& member : view.members) {
    if (member.server.suffrage != Suffrage::voter || member.server.id == gone.id) continue;
    ++voters;
    const bool is_there = member.status && member.status->id == member.server.id;
    reached += is_there ? 1U : 0U;
    if (!is_there) missing += (missing.empty() ? "" : ", ") + name_of(member.server.id);
  }
  if (voters > 0 && reached >= voters / 2 + 1) return Exit::ok;
  if (voters == 0) return report(Exit::refused, what + " would leave no voter");
  return report(Exit::refused,
                what + " would leave " + std::to_string(voters) + " voters of which " +
                    std::to_string(voters - reached) + " (" + missing +
                    ") cannot be reached: no quorum",
                "start " + missing + " first, or do it anyway with --force");
}

Exit remove_member(const ClusterOptions& options, const std::string& name, bool force) {
  return with_cluster(options, [&](AdminClient& client, const ClusterView& view) {
    const auto server = view.find(name);
    if (!server) return report(server.error(), Exit::not_found);
    if (!force && server->suffrage == Suffrage::voter) {
      const Exit safe = refuse_if_unsafe(view, *server, "removing " + name_of(server->id));
      if (safe != Exit::ok) return safe;
    }
    const auto answer =
        client.call_leader(CallKind::remove, body_of(view.configuration_index, server->id));
    return done(options, "removed", *server, answer);
  });
}

Exit promote_member(const ClusterOptions& options, const std::string& name) {
  return with_cluster(options, [&](AdminClient& client, const ClusterView& view) {
    auto server = view.find(name);
    if (!server) return report(server.error(), Exit::not_found);
    server->suffrage = Suffrage::voter;
    const auto answer =
        client.call_leader(CallKind::add, body_of(view.configuration_index, *server));
    return done(options, "promoted", *server, answer);
  });
}

Exit demote_member(const ClusterOptions& options, const std::string& name, bool force) {
  return with_cluster(options, [&](AdminClient& client, const ClusterView& view) {
    const auto server = view.find(name);
    if (!server) return report(server.error(), Exit::not_found);
    if (!force) {
      const Exit safe = refuse_if_unsafe(view, *server, "demoting " + name_of(server->id));
      if (safe != Exit::ok) return safe;
    }
    const auto answer =
        client.call_leader(CallKind::demote, body_of(view.configuration_index, server->id));
    return done(options, "demoted", *server, answer);
  });
}

/// A subcommand with the name of one server as its argument.
struct OnOne {
  CLI::App* command = nullptr;
  std::shared_ptr<ClusterOptions> options = {};
  std::shared_ptr<std::string> name = std::make_shared<std::string>();
  std::shared_ptr<bool> flag = std::make_shared<bool>(false);

  OnOne(CLI::App& app, const char* word, const char* summary)
      : command(app.add_subcommand(word, summary)), options(add_cluster_options(*command)) {}
  void takes(const char* what, const char* help) {
    command->add_option(what, *name, help)->required();
  }
};

}  // namespace

void add_member(CLI::App& app, Run& run) {
  CLI::App* const member = app.add_subcommand("member", "See and change who is in the cluster.");
  member->require_subcommand(1);

  CLI::App* const list = member->add_subcommand("list", "List the members.");
  const auto options = add_cluster_options(*list);
  list->callback([&run, options] { run = [=] { return list_members(*options); }; });

  OnOne add{*member, "add", "Add the server at an address and wait until that is committed."};
  add.takes("ADDRESS", "where other servers reach it; it must run and belong to no cluster");
  add.command->add_flag("--nonvoter", *add.flag, "it gets the data and has no vote");
  add.command->callback(
      [&run, add] { run = [=] { return add_member_at(*add.options, *add.name, *add.flag); }; });

  OnOne remove{*member, "remove", "Remove a server and wait until that is committed."};
  remove.takes("NAME", "its name, or its whole id");
  remove.command->add_flag("--force", *remove.flag, "also if what is left has no quorum");
  remove.command->callback([&run, remove] {
    run = [=] { return remove_member(*remove.options, *remove.name, *remove.flag); };
  });

  OnOne promote{*member, "promote", "Give a server without a vote one."};
  promote.takes("NAME", "its name, or its whole id");
  promote.command->callback(
      [&run, promote] { run = [=] { return promote_member(*promote.options, *promote.name); }; });

  OnOne demote{*member, "demote", "Take a server's vote; it goes on getting the data."};
  demote.takes("NAME", "its name, or its whole id");
  demote.command->add_flag("--force", *demote.flag, "also if what is left has no quorum");
  demote.command->callback([&run, demote] {
    run = [=] { return demote_member(*demote.options, *demote.name, *demote.flag); };
  });
}

}  // namespace proa::cli
