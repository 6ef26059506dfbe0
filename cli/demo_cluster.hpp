#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/admin_client.hpp"
#include "cli/child_process.hpp"

namespace proa::cli {

struct DemoOptions {
  std::string directory = "./proa-demo";
  std::uint16_t port = 7400;  ///< of the first server's clients; each server takes ten
  std::size_t servers = 3;
  bool keep = false;           ///< the data, at the end
  bool script = false;         ///< the tour, without keys
  bool loses_a_write = false;  ///< test: of the tour, so that its check fails
};

/// A throw-away cluster of child processes on loopback. Threads: one.
class DemoCluster {
 public:
  /// Starts all of them and waits until somebody leads. Errors: those of a server's start;
  /// invalid_config, if there is something in the directory already.
  static Result<std::unique_ptr<DemoCluster>> start(const DemoOptions& options);
  ~DemoCluster();  ///< kills all; removes the data, unless it is to be kept
  DemoCluster(const DemoCluster&) = delete;
  DemoCluster& operator=(const DemoCluster&) = delete;

  std::size_t size() const { return children_.size(); }
  std::string name(std::size_t which) const { return "n" + std::to_string(which + 1); }
  std::string clients(std::size_t which) const { return address(which, 0); }
  std::uint16_t port(std::size_t which) const;
  bool is_running(std::size_t which) const { return children_[which] != nullptr; }

  Result<void> restart(std::size_t which);
  void kill(std::size_t which) { children_[which].reset(); }  ///< SIGKILL
  void pause(std::size_t which, bool paused) const;

  AdminClient& admin() { return *admin_; }
  /// Who leads, as soon as a running server knows one that runs.
  Result<std::size_t> leader();
  Result<server::ServerStatus> status(std::size_t which);
  /// Returns once a server has applied all that the leader has committed now.
  Result<void> wait_caught_up(std::size_t which);

 private:
  explicit DemoCluster(const DemoOptions& options);
  std::string address(std::size_t which, std::uint16_t offset) const;
  std::string list() const;
  Result<void> spawn(std::size_t which);

  DemoOptions options_;
  std::vector<std::unique_ptr<ChildProcess>> children_;
  std::unique_ptr<AdminClient> admin_ = {};
  bool owns_directory_ = false;
};

}  // namespace proa::cli
