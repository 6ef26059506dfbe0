#include "proa/runtime/disk_storage.hpp"

#include <memory>
#include <utility>

#include "proa/runtime/detail/clock.hpp"
#include "proa/runtime/posix_file_system.hpp"

namespace proa {
namespace {

std::int64_t unix_milliseconds_now() {
  const WallTime now = detail::wall_time();
  return now.unix_seconds * 1000 + now.nanoseconds / 1'000'000;
}

}  // namespace

StorageOptions disk_storage_options() {
  StorageOptions options;
  options.log.seed = detail::system_seed();
  options.snapshots.unix_milliseconds = [] { return unix_milliseconds_now(); };
  return options;
}

Result<Storage> open_storage(const std::string& directory) {
  return open_storage(std::make_shared<PosixFileSystem>(), directory, disk_storage_options());
}

}  // namespace proa
