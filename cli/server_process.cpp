#include "cli/server_process.hpp"

#include <utility>

#include "cli/serve.hpp"
#include "proa/runtime/tcp.hpp"
#include "proa/transport/net_transport.hpp"
#include "server/admin/founding.hpp"
#include "server/call_kinds.hpp"

namespace proa::cli {
namespace {

constexpr std::size_t kClientsMax = 10'000;

std::string host_of(const std::string& address) { return address.substr(0, address.rfind(':')); }
std::string port_of(const std::string& address) { return address.substr(address.rfind(':') + 1); }

bool is_every_interface(const std::string& host) {
  return host.empty() || host == "0.0.0.0" || host == "[::]";
}

void on_loop(Runtime& runtime, Fn<void()> task) { runtime.run_on_loop(task); }

}  // namespace

ServerProcess::ServerProcess(const Settings& settings, std::shared_ptr<Logger> logger)
    : settings_(settings), logger_(std::move(logger)) {}

Result<std::unique_ptr<ServerProcess>> ServerProcess::open(const Settings& settings,
                                                           std::shared_ptr<Logger> logger) {
  std::unique_ptr<ServerProcess> process{new ServerProcess{settings, std::move(logger)}};
  PROA_TRY(process->raft_config());
  PROA_TRY(process->open_ports());
  PROA_TRY(process->files_, ServerFiles::open(settings, process->runtime_->seed()));
  process->answer_status();
  PROA_TRY(process->take_clients());
  return process;
}

// Whoever uses another part goes before it.
ServerProcess::~ServerProcess() {
  redis_.reset();
  for_clients_.reset();
  calls_.reset();
  replica_.reset();
  if (runtime_ != nullptr) {
    on_loop(*runtime_, [this] {
      if (founding_ != nullptr) founding_->stop();
      founding_.reset();
      if (promotion_ != nullptr) promotion_->stop();
      promotion_.reset();
    });
  }
  raft_.reset();
  if (runtime_ != nullptr) on_loop(*runtime_, [this] { peers_.reset(); });
}

// ---- Parts ----

Result<void> ServerProcess::open_ports() {
  PROA_TRY(runtime_, make_runtime({.logger = logger_}));
  const server::Listed* const self = settings_.self();
  const std::string& bind =
      settings_.peer_listen.empty() ? self->address.value : settings_.peer_listen;
  const std::string own = self != nullptr ? self->address.value : bind;
  PROA_TRY(peers_port_, tcp_stream_layer(runtime_, {.bind = bind, .advertise = own}));
  const bool everywhere = is_every_interface(host_of(settings_.listen));
  PROA_TRY(clients_,
           tcp_stream_layer(
               runtime_, {.bind = settings_.listen,
                          .advertise = everywhere ? host_of(own) + ":" + port_of(settings_.listen)
                                                  : std::string{},
                          .connections_max = kClientsMax}));
  peers_ = std::make_unique<SplitStreams>(runtime_, peers_port_, SplitOptions{.logger = logger_});
  return {};
}

CallOptions ServerProcess::call_options() const {
  CallOptions options{.logger = logger_};
  options.hello.id = files_->identity().id();
  return options;
}

void ServerProcess::answer_status() {
  calls_ = std::make_unique<CallServer>(runtime_, peers_->calls(), call_options());
  on_loop(*runtime_, [&] {
    calls_->on(static_cast<std::uint8_t>(server::CallKind::status),
               [this](const CallHello&, const SharedBytes&, CallRespond respond) {
                 const server::AboutServer self = about();
                 server::ServerStatus status{
                     .id = self.id, .version = self.version, .client_address = self.client_address};
                 if (founding_ != nullptr) status.waits_for = founding_->waits_for();
                 respond(server::encode(status));
               });
  });
}

Result<void> ServerProcess::take_clients() {
  for_clients_ = std::make_shared<SwitchedReplica>(runtime_, files_->identity().id(), [this] {
    const bool waits = founding_ != nullptr && !founding_->waits_for().empty();
    return "this server waits for " + (waits ? founding_->waits_for() : "its own start");
  });
  redis_ = std::make_unique<server::RedisServer>(
      runtime_, clients_, for_clients_,
      server::RedisServerOptions{
          .clients_max = kClientsMax, .version = kVersion, .logger = logger_});
  return redis_->start();
}

server::AboutServer ServerProcess::about() const {
  return {.id = files_->identity().id(),
          .version = kVersion,
          .cluster = server::to_string(settings_.cluster),
          .client_address = clients_->local_address().value};
}

/// Also checks that what was asked for can be.
Result<Config> ServerProcess::raft_config() const {
  Config config;
  config.local_id = {files_ == nullptr ? settings_.name : files_->identity().id().value};
  config.heartbeat_timeout = settings_.heartbeat;
  config.election_timeout = settings_.election;
  config.leader_lease_timeout = std::min(config.leader_lease_timeout, settings_.heartbeat);
  config.snapshot_threshold = settings_.snapshot_entries;
  config.trailing_logs = settings_.trailing;
  config.logger = logger_;
  PROA_TRY(validate(config));
  return config;
}

// ---- The life of a server ----

bool ServerProcess::needs_founding() const {
  return files_->is_fresh() || files_->held().has_value();
}

Result<void> ServerProcess::found(server::Founding::Done done) {
  Result<void> started;
  on_loop(*runtime_, [&] {
    founding_ = std::make_shared<server::Founding>(
        runtime_, peers_->calls(), files_,
        server::FoundingOptions{.id = files_->identity().id(),
                                .address = peers_port_->local_address(),
                                .cluster = settings_.cluster,
                                .held = files_->held(),
                                .calls = call_options(),
                                .logger = logger_});
    founding_->start(*calls_, std::move(done));
    started = calls_->start();
  });
  return started;
}

Result<void> ServerProcess::run(Fn<void(Error)> died) {
  PROA_TRY(const Config config, raft_config());
  const Storage& storage = files_->storage();
  store_ = std::make_shared<kv::Store>();
  auto transport = std::make_shared<NetTransport>(
      runtime_, peers_->raft(), NetOptions{.local_id = config.local_id, .logger = logger_});
  PROA_TRY(raft_, Raft::create(config, store_, storage.logs, storage.stable, storage.snapshots,
                               std::move(transport)));
  raft_->stopped().then([died = std::move(died)](Result<Error> why) mutable {
    if (why) died(std::move(*why));
  });
  Result<void> started;
  on_loop(*runtime_, [this, &started] {
    server::serve_admin(*calls_, runtime_, *raft_, about());
    if (founding_ == nullptr) started = calls_->start();
    founding_.reset();
  });
  PROA_TRY(std::move(started));
  replica_ = std::make_shared<server::RaftReplica>(
      server::RaftReplicaParts{.runtime = runtime_,
                               .raft = raft_.get(),
                               .store = store_,
                               .self = config.local_id,
                               .client_address = about().client_address,
                               .peers = peers_->calls(),
                               .calls = call_options()});
  replica_->serve(*calls_);
  on_loop(*runtime_, [this] {
    for_clients_->switch_to(replica_);
    if (files_->identity().founding == server::FoundingState::joining) get_a_vote();
  });
  return {};
}

/// It came as a server without a vote; a server without a vote that was demoted stays one.
void ServerProcess::get_a_vote() {
  promotion_ = std::make_shared<server::Promotion>(
      runtime_, *raft_,
      std::make_shared<server::LeaderCalls>(runtime_, peers_->calls(), call_options()),
      Server{.id = files_->identity().id(), .address = peers_port_->local_address()});
  promotion_->start([this] {
    logger_->log(LogLevel::info, "this server has caught up and has a vote");
    if (auto noted = files_->confirm(); !noted)
      logger_->log(LogLevel::error, "cannot note that: " + noted.error().detail);
  });
}

void ServerProcess::stop(Fn<void()> stopped) {
  redis_->stop([this, stopped = std::move(stopped)]() mutable {
    if (raft_ == nullptr) return stopped();
    raft_->shutdown().then(
        [stopped = std::move(stopped)](const Result<void>&) mutable { stopped(); });
  });
}

std::string ServerProcess::banner() const {
  const server::Identity& identity = files_->identity();
  return std::string{"proa "} + kVersion + "   server " + identity.id().value + "\n" + "data     " +
         settings_.data + "\n" + "clients  " + clients_->local_address().value + "\n" +
         "peers    " + peers_port_->local_address().value + "\n" + "cluster  " +
         server::to_string(settings_.cluster);
}

}  // namespace proa::cli
