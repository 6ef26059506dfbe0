#include "cli/server_files.hpp"

#include <atomic>

#include "proa/node/bootstrap.hpp"
#include "proa/runtime/disk_storage.hpp"
#include "proa/runtime/posix_file_system.hpp"
#include "proa/testing/buffered_file_system.hpp"

namespace proa::cli {

using server::FoundingState;
using server::Identity;

namespace {

Failure refused(Errc code, std::string detail) {
  return fail(Error{.code = code, .outcome = Outcome::not_executed, .detail = std::move(detail)});
}

Stores stores_of(const Storage& storage) {
  return {.logs = *storage.logs, .stable = *storage.stable, .snapshots = *storage.snapshots};
}

Result<void> check_owner(const Identity& identity, const Settings& settings) {
  if (identity.name == settings.name) return {};
  return refused(Errc::invalid_config,
                 "the data directory " + settings.data + " belongs to server " + identity.name +
                     ", not to " + settings.name + "; give " + settings.name +
                     " a directory of its own, or start " + identity.name + " with this one");
}

}  // namespace

std::shared_ptr<FileSystem> file_system_for(TestDisk kind) {
  auto disk = std::make_shared<PosixFileSystem>();
  if (kind == TestDisk::real) return disk;
  if (kind == TestDisk::buffered)
    return std::make_shared<testing::BufferedFileSystem>(std::move(disk));
  // The first few of each start count, so that the cluster and its servers know each other again.
  const auto counted = std::make_shared<std::atomic<int>>(0);
  const auto fate =
      kind == TestDisk::log_never ? testing::SyncFate::forgotten : testing::SyncFate::failed;
  return std::make_shared<testing::BufferedFileSystem>(
      std::move(disk), [counted, fate](const std::string& path) {
        constexpr int kSyncsThatCount = 300;
        const bool is_log = path.find("/log/") != std::string::npos;
        return is_log && ++*counted > kSyncsThatCount ? fate : testing::SyncFate::done;
      });
}

Result<std::shared_ptr<ServerFiles>> ServerFiles::open(const Settings& settings,
                                                       std::uint64_t new_incarnation) {
  std::shared_ptr<ServerFiles> files{new ServerFiles{file_system_for(settings.disk), settings}};
  // Before anything is made there: whose it is, if it is anybody's.
  PROA_TRY(const auto found, server::load_identity(*files->files_, settings.data));
  if (found) PROA_TRY(check_owner(*found, settings));
  PROA_TRY(files->storage_, open_storage(files->files_, settings.data, disk_storage_options()));
  PROA_TRY(files->identify(settings, new_incarnation));
  PROA_TRY(files->look_for_held());
  return files;
}

Result<void> ServerFiles::identify(const Settings& settings, std::uint64_t new_incarnation) {
  PROA_TRY(const auto found, server::load_identity(*files_, directory_));
  PROA_TRY(const bool has_state, has_existing_state(stores_of(storage_)));
  is_fresh_ = !has_state;
  if (found) {
    identity_ = *found;
    return check_owner(identity_, settings);
  }
  if (has_state) {
    return refused(Errc::corrupt,
                   "the data directory " + directory_ + " holds a server's log but not the file " +
                       "identity that says whose; restore that file from a backup, or remove the " +
                       "server from the cluster and start it with an empty directory");
  }
  identity_ = {.name = settings.name, .incarnation = new_incarnation};
  return server::save_identity(*files_, directory_, identity_);
}

Result<void> ServerFiles::look_for_held() {
  if (identity_.founding != FoundingState::pending || is_fresh_) return {};
  PROA_TRY(const LogSummary log, storage_.logs->open());
  if (!log.log.configurations.empty()) held_ = log.log.configurations.front().configuration;
  return {};
}

Result<void> ServerFiles::set_founding(FoundingState state) {
  Identity changed = identity_;
  changed.founding = state;
  PROA_TRY(server::save_identity(*files_, directory_, changed));
  identity_ = changed;
  return {};
}

// The mark first: a log without it would be taken for that of a member.
Result<void> ServerFiles::hold(const Configuration& configuration) {
  PROA_TRY(set_founding(FoundingState::pending));
  Config config;
  config.local_id = identity_.id();
  PROA_TRY(bootstrap_cluster(config, stores_of(storage_), configuration));
  held_ = configuration;
  is_fresh_ = false;
  return {};
}

Result<void> ServerFiles::confirm() { return set_founding(FoundingState::done); }

Result<void> ServerFiles::join() { return set_founding(FoundingState::joining); }

}  // namespace proa::cli
