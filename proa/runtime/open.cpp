#include "proa/runtime/open.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string_view>
#include <utility>

#include "proa/node/bootstrap.hpp"
#include "proa/runtime/asio_runtime.hpp"
#include "proa/runtime/disk_storage.hpp"
#include "proa/runtime/tcp_transport.hpp"

namespace proa {
namespace {

constexpr std::string_view kKnownOptions =
    "known are --name NAME, --cluster NAME=HOST:PORT[,NAME=HOST:PORT...], --data DIRECTORY, --join";

Error invalid(std::string what) {
  return {
      .code = Errc::invalid_config, .outcome = Outcome::not_executed, .detail = std::move(what)};
}

/// `a=host:port,b=host:port`
Result<Configuration> cluster_from(std::string_view text) {
  Configuration cluster;
  while (!text.empty()) {
    const std::string_view member = text.substr(0, text.find(','));
    text.remove_prefix(std::min(member.size() + 1, text.size()));
    const std::size_t equals = member.find('=');
    if (equals == std::string_view::npos) {
      return fail(invalid("--cluster: '" + std::string{member} +
                          "' is no NAME=HOST:PORT, as in n1=127.0.0.1:7401"));
    }
    cluster.servers.push_back({.id = {std::string{member.substr(0, equals)}},
                               .address = {std::string{member.substr(equals + 1)}}});
  }
  PROA_TRY(validate(cluster));
  return cluster;
}

const Server* self_in(const OpenOptions& options) {
  return options.cluster.find(options.config.local_id);
}

Result<void> found(const OpenOptions& options, Stores stores) {
  PROA_TRY(const bool exists, has_existing_state(stores));
  if (exists || options.joins) return {};
  return bootstrap_cluster(options.config, stores, options.cluster);
}

}  // namespace

Result<OpenOptions> options_from(int argc, const char* const* argv) {
  OpenOptions options;
  std::string name = "n1";
  std::string cluster;
  CLI::App app;
  app.set_help_flag();  // whoever embeds this has a help of their own
  app.add_option("--name", name);
  const CLI::Option* names_cluster = app.add_option("--cluster", cluster);
  app.add_option("--data", options.directory);
  app.add_flag("--join", options.joins);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& wrong) {
    return fail(invalid(std::string{wrong.what()} + "; " + std::string{kKnownOptions}));
  }
  options.config.local_id = {name};
  if (names_cluster->count() > 0) {
    PROA_TRY(options.cluster, cluster_from(cluster));
  }
  const ServerId& self = options.config.local_id;
  if (options.directory.empty()) options.directory = "proa-" + self.value;
  if (options.cluster.empty()) {
    options.cluster.servers.push_back({.id = self, .address = {"127.0.0.1:7401"}});
  }
  return options;
}

Result<std::unique_ptr<Raft>> open(Result<OpenOptions> options, std::shared_ptr<Fsm> fsm) {
  if (!options) return fail(std::move(options).error());
  const Server* self = self_in(*options);
  if (self == nullptr) {
    return fail(invalid("this server's name, '" + options->config.local_id.value +
                        "', is none of the cluster " + to_string(options->cluster)));
  }
  PROA_TRY(auto runtime, make_runtime(options->runtime));
  const NetOptions net{.local_id = self->id, .logger = options->config.logger};
  PROA_TRY(auto transport,
           tcp_transport(std::move(runtime), {.tcp = {.bind = self->address.value}, .net = net}));
  PROA_TRY(const Storage storage, open_storage(options->directory));
  PROA_TRY(
      found(*options,
            {.logs = *storage.logs, .stable = *storage.stable, .snapshots = *storage.snapshots}));
  return Raft::create(options->config, std::move(fsm), storage.logs, storage.stable,
                      storage.snapshots, std::move(transport));
}

int report(const Error& error) {
  std::fprintf(stderr, "%s\n", to_string(error).c_str());
  return 1;
}

}  // namespace proa
