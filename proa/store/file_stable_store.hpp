#pragma once

#include <map>
#include <memory>
#include <string>

#include "proa/port/file_system.hpp"
#include "proa/port/stable_store.hpp"

namespace proa {

/// A few values in one file that holds them twice, in different blocks. A set writes one copy and
/// syncs, then the other and syncs: at any moment one copy is whole, and once a set has returned
/// both are the newest, so that rot of one copy never brings an older vote back. The format is in
/// docs/storage.md.
/// Threads: as StableStore.
class FileStableStore final : public StableStore {
 public:
  /// All keys and values together, encoded.
  static constexpr std::size_t kBytesMax = (std::size_t{64} << 10) - 32;

  FileStableStore(std::shared_ptr<FileSystem> files, std::string path);

  /// Errors: corrupt if both copies are damaged, unsupported_protocol if a newer program wrote it.
  Result<void> open() override;
  Result<std::optional<SharedBytes>> get(std::string_view key) const override;
  /// Errors: command_too_large beyond kBytesMax; after an io_error every later set is refused.
  Result<void> set(std::span<const KeyValue> values) override;

 private:
  using Values = std::map<std::string, SharedBytes, std::less<>>;
  struct Slot;

  Result<void> write_anew(const Values& values, std::uint64_t sequence);
  Result<void> write_new(const std::string& path, const Values& values, std::uint64_t sequence);
  Result<Slot> read_slot(std::size_t number) const;
  Result<void> write_slot(std::size_t number, ByteView slot);
  Result<void> sync();
  Result<void> write_both(const Values& values, std::uint64_t sequence);
  Result<void> settle(const Slot& first, const Slot& second);

  std::shared_ptr<FileSystem> files_;
  std::string path_;
  std::unique_ptr<File> file_;
  std::uint64_t slot_bytes_ = 0;
  std::uint64_t sequence_ = 0;
  Values values_;
  bool failed_ = false;
};

}  // namespace proa
