#pragma once

#include <memory>

#include "cli/settings.hpp"
#include "proa/store/storage.hpp"
#include "server/admin/founding.hpp"
#include "server/admin/identity.hpp"

namespace proa::cli {

std::shared_ptr<FileSystem> file_system_for(TestDisk kind);

/// The data directory of a server, taken for this process: its stores, and whose it is. Also what
/// founding leaves there. Threads: any, one at a time.
class ServerFiles final : public server::FoundingStore {
 public:
  /// Takes the directory and finds out, or decides, who this server is; nothing is changed in it
  /// if this fails. Blocking. Errors: those of open_storage and load_identity; invalid_config, it
  /// is another server's.
  static Result<std::shared_ptr<ServerFiles>> open(const Settings& settings,
                                                   std::uint64_t new_incarnation);

  const server::Identity& identity() const { return identity_; }
  const Storage& storage() const { return storage_; }
  bool is_fresh() const { return is_fresh_; }  ///< no node has ever run on it
  /// The first entry of the log, if founding put it there and has not come to its end.
  const std::optional<Configuration>& held() const { return held_; }

  Result<void> hold(const Configuration& configuration) override;
  Result<void> confirm() override;
  Result<void> join() override;

 private:
  ServerFiles(std::shared_ptr<FileSystem> files, const Settings& settings)
      : files_(std::move(files)), directory_(settings.data) {}
  Result<void> identify(const Settings& settings, std::uint64_t new_incarnation);
  Result<void> look_for_held();
  Result<void> set_founding(server::FoundingState state);

  std::shared_ptr<FileSystem> files_;
  std::string directory_;
  Storage storage_ = {};
  server::Identity identity_ = {};
  bool is_fresh_ = true;
  std::optional<Configuration> held_ = {};
};

}  // namespace proa::cli
