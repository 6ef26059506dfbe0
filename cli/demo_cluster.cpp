#include "cli/demo_cluster.hpp"

#include <csignal>
#include <filesystem>
#include <utility>

namespace proa::cli {
namespace {

namespace fs = std::filesystem;
constexpr std::uint16_t kPortsPerServer = 10;
constexpr int kAttempts = 600;
constexpr Duration kPause = std::chrono::milliseconds{50};

}  // namespace

DemoCluster::DemoCluster(const DemoOptions& options)
    : options_(options), children_(options.servers) {}

DemoCluster::~DemoCluster() {
  children_.clear();
  std::error_code ignored;
  if (owns_directory_ && !options_.keep) fs::remove_all(options_.directory, ignored);
}

Result<std::unique_ptr<DemoCluster>> DemoCluster::start(const DemoOptions& options) {
  std::unique_ptr<DemoCluster> cluster{new DemoCluster{options}};
  std::error_code error;
  if (!fs::create_directories(options.directory, error)) {
    return fail(Error{
        .code = Errc::invalid_config,
        .outcome = Outcome::not_executed,
        .detail = "the directory " + options.directory +
                  (error ? " cannot be made: " + error.message() : std::string{" exists already"}) +
                  "; remove it, or name another one with --data"});
  }
  cluster->owns_directory_ = true;
  std::vector<std::string> endpoints;
  for (std::size_t which = 0; which < cluster->size(); ++which)
    endpoints.push_back(cluster->address(which, 1));
  PROA_TRY(cluster->admin_, AdminClient::create(std::move(endpoints)));
  for (std::size_t which = 0; which < cluster->size(); ++which)
    PROA_TRY(cluster->spawn(which));
  for (const auto& child : cluster->children_)
    PROA_TRY(child->wait_for_line("ready"));
  PROA_TRY(cluster->leader());
  return cluster;
}

std::uint16_t DemoCluster::port(std::size_t which) const {
  return static_cast<std::uint16_t>(options_.port + which * kPortsPerServer);
}

std::string DemoCluster::address(std::size_t which, std::uint16_t offset) const {
  return "127.0.0.1:" + std::to_string(port(which) + offset);
}

std::string DemoCluster::list() const {
  std::string list;
  for (std::size_t which = 0; which < size(); ++which)
    list += (which == 0 ? "" : ",") + name(which) + "=" + address(which, 1);
  return list;
}

Result<void> DemoCluster::spawn(std::size_t which) {
  const std::string data = options_.directory + "/" + name(which);
  PROA_TRY(children_[which],
           ChildProcess::start({own_path(), "serve", "--name", name(which), "--data", data,
                                "--cluster", list(), "--listen", clients(which)},
                               data + ".log"));
  return {};
}

Result<void> DemoCluster::restart(std::size_t which) {
  PROA_TRY(spawn(which));
  return children_[which]->wait_for_line("ready");
}

void DemoCluster::pause(std::size_t which, bool paused) const {
  if (children_[which] != nullptr) children_[which]->signal(paused ? SIGSTOP : SIGCONT);
}

Result<server::ServerStatus> DemoCluster::status(std::size_t which) {
  return admin_->status_at({address(which, 1)});
}

Result<std::size_t> DemoCluster::leader() {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    for (std::size_t which = 0; which < size(); ++which) {
      if (!is_running(which)) continue;
      const auto status = this->status(which);
      if (status && status->raft.role == Role::leader) return which;
    }
    admin_->wait(kPause);
  }
  return fail(Errc::not_leader, "no server has become the leader");
}

Result<void> DemoCluster::wait_caught_up(std::size_t which) {
  PROA_TRY(const std::size_t leads, leader());
  PROA_TRY(const server::ServerStatus goal, status(leads));
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto now = status(which);
    if (now && now->raft.applied_index >= goal.raft.commit_index) return {};
    admin_->wait(kPause);
  }
  return fail(Errc::deadline, name(which) + " does not catch up");
}

}  // namespace proa::cli
