#pragma once

#include <string>

#include "proa/base/result.hpp"
#include "proa/store/storage.hpp"

namespace proa {

/// The three stores of a server in a directory of this machine's disk, made if it is missing. Takes
/// the directory for this process. Errors: those of open_storage over a file system; each of them
/// leaves what is there as it was. Blocking.
Result<Storage> open_storage(const std::string& directory);

/// What open_storage(directory) gives the stores: this machine's clock and a seed of its own.
StorageOptions disk_storage_options();

}  // namespace proa
