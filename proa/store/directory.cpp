#include "proa/store/detail/directory.hpp"

#include <algorithm>
#include <vector>

namespace proa::store {

std::string join(const std::string& directory, const std::string& name) {
  if (directory.empty() || directory.back() == '/') return directory + name;
  return directory + "/" + name;
}

std::string parent_of(const std::string& path) {
  const std::size_t end = path.find_last_not_of('/');
  if (end == std::string::npos) return path.empty() ? "." : "/";
  const std::size_t slash = path.rfind('/', end);
  if (slash == std::string::npos) return ".";
  const std::size_t last = path.find_last_not_of('/', slash);
  return last == std::string::npos ? "/" : path.substr(0, last + 1);
}

Result<void> make_durable_directory(FileSystem& files, const std::string& path) {
  // From the deepest directory that is there downwards, each made durable before the next: whoever
  // is interrupted leaves at most the deepest one to be repeated.
  std::vector<std::string> missing;
  std::string at = path;
  while (at != "." && at != "/") {
    PROA_TRY(const bool there, files.exists(at));
    if (there) break;
    missing.push_back(at);
    at = parent_of(at);
  }
  if (at != "." && at != "/") PROA_TRY(files.sync_directory(parent_of(at)));
  for (auto next = missing.rbegin(); next != missing.rend(); ++next) {
    PROA_TRY(files.create_directories(*next));
    PROA_TRY(files.sync_directory(parent_of(*next)));
  }
  return {};
}

Result<void> read_padded(const File& file, std::uint64_t offset, std::span<std::byte> buffer) {
  PROA_TRY(const std::size_t count, file.read_at(offset, buffer));
  std::fill(buffer.begin() + static_cast<std::ptrdiff_t>(count), buffer.end(), std::byte{});
  return {};
}

}  // namespace proa::store
