#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "server/detail/local_commands.hpp"
#include "server/detail/session.hpp"

// INFO: sections of `name:value` lines.

namespace proa::server {
namespace {

class InfoText {
 public:
  explicit InfoText(Arguments wanted) : wanted_(wanted) {}

  /// Whether what follows goes into the text.
  bool section(std::string_view name) {
    chosen_ = wanted_.empty() || std::ranges::any_of(wanted_, [&](const SharedBytes& word) {
                return same_word(word, name) || same_word(word, "all") ||
                       same_word(word, "default") || same_word(word, "everything");
              });
    if (!chosen_) return false;
    if (!text_.empty()) text_ += "\r\n";
    text_ += "# " + std::string{name} + "\r\n";
    return true;
  }
  void line(std::string_view name, std::string_view value) {
    text_ += std::string{name} + ":" + std::string{value} + "\r\n";
  }
  void line(std::string_view name, std::uint64_t value) { line(name, std::to_string(value)); }
  const std::string& text() const { return text_; }

 private:
  Arguments wanted_;
  std::string text_ = {};
  bool chosen_ = false;
};

void server_section(InfoText& info, const ServerContext& server) {
  if (!info.section("Server")) return;
  const Duration up = server.runtime->now() - server.started_at;
  info.line("redis_version", "7.2.4");
  info.line("redis_mode", "standalone");
  info.line("proa_version", server.options.version);
  info.line("tcp_port", static_cast<std::uint64_t>(host_and_port(server.address).second));
  info.line("uptime_in_seconds", static_cast<std::uint64_t>(
                                     std::chrono::duration_cast<std::chrono::seconds>(up).count()));
}

void clients_section(InfoText& info, const ServerContext& server) {
  if (!info.section("Clients")) return;
  info.line("connected_clients", server.counters.clients);
  info.line("maxclients", server.options.clients_max);
  info.line("blocked_clients", 0);
}

void persistence_section(InfoText& info) {
  if (!info.section("Persistence")) return;
  info.line("loading", 0);
  info.line("aof_enabled", 1);
}

void stats_section(InfoText& info, const ServerContext& server, const ReplicaStatus& status) {
  if (!info.section("Stats")) return;
  info.line("total_connections_received", server.counters.connections);
  info.line("total_commands_processed", server.counters.commands);
  info.line("total_error_replies", server.counters.error_replies);
  info.line("forwarded_writes", status.forwarded_writes);
  info.line("forwarded_reads", status.forwarded_reads);
}

void replication_section(InfoText& info, const ReplicaStatus& status) {
  if (!info.section("Replication")) return;
  const bool leads = status.role == Role::leader;
  info.line("role", leads ? "master" : "slave");
  if (leads) {
    info.line("connected_slaves", status.servers == 0 ? 0 : status.servers - 1);
  } else {
    const auto [host, port] = host_and_port(status.leader_client_address);
    info.line("master_host", host);
    info.line("master_port", static_cast<std::uint64_t>(port));
    info.line("master_link_status", status.leader ? "up" : "down");
  }
  info.line("master_repl_offset", status.applied_index.value);
}

void raft_section(InfoText& info, const ReplicaStatus& status) {
  if (!info.section("Raft")) return;
  info.line("raft_id", status.self.value);
  info.line("raft_role", to_string(status.role));
  info.line("raft_term", status.term.value);
  info.line("raft_leader_id", status.leader ? status.leader->id.value : "");
  info.line("raft_leader_address", status.leader ? status.leader->address.value : "");
  info.line("raft_commit_index", status.commit_index.value);
  info.line("raft_applied_index", status.applied_index.value);
  info.line("raft_servers", status.servers);
}

void last_sections(InfoText& info, const ReplicaStatus& status) {
  if (info.section("Cluster")) info.line("cluster_enabled", 0);
  if (!info.section("Keyspace") || status.keys == 0) return;
  info.line("db0", "keys=" + std::to_string(status.keys) + ",expires=0,avg_ttl=0");
}

}  // namespace

void run_info(Session& session, Arguments arguments) {
  const ServerContext& server = *session.server;
  const ReplicaStatus status = server.replica->status();
  InfoText info{arguments.subspan(1)};
  server_section(info, server);
  clients_section(info, server);
  persistence_section(info);
  stats_section(info, server, status);
  replication_section(info, status);
  raft_section(info, status);
  last_sections(info, status);
  session.writer().verbatim(info.text());
}

}  // namespace proa::server
