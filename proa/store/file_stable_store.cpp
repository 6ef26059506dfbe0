#include "proa/store/file_stable_store.hpp"

#include <algorithm>

#include "proa/base/checksum.hpp"
#include "proa/base/mutant.hpp"
#include "proa/store/detail/directory.hpp"
#include "proa/store/detail/header.hpp"

namespace proa {
namespace {

using store::HeaderState;
using store::LittleEndianReader;
using store::LittleEndianWriter;

constexpr store::HeaderKind kSlotHeader{.magic = 0x54535250, .format = 1};  // "PRST"
constexpr std::uint16_t kSlotHeaderBytes = 32;
constexpr const char* kFailedSync = ".sync-failed";
constexpr std::uint64_t kSlotBytesMin = FileStableStore::kBytesMax + kSlotHeaderBytes;

template <class Values>
std::vector<std::byte> encode_values(const Values& values) {
  LittleEndianWriter body;
  body.put(static_cast<std::uint32_t>(values.size()));
  for (const auto& [key, value] : values) {
    body.put_string(view_of(key));
    body.put_string(value);
  }
  return std::move(body).take();
}

/// Header and body, filled up with zeros to whole blocks.
std::vector<std::byte> encode_slot(ByteView body, std::uint64_t sequence, std::uint64_t block,
                                   std::uint64_t slot_bytes) {
  LittleEndianWriter header = store::begin_header(kSlotHeader, kSlotHeaderBytes);
  header.put(sequence);
  header.put(static_cast<std::uint32_t>(body.size()));
  header.put(crc32c(body));
  header.put(std::uint32_t{0});
  std::vector<std::byte> slot = store::end_header(std::move(header));
  slot.insert(slot.end(), body.begin(), body.end());
  slot.resize(std::min<std::uint64_t>((slot.size() + block - 1) / block * block, slot_bytes));
  return slot;
}

}  // namespace

struct FileStableStore::Slot {
  HeaderState state = HeaderState::damaged;
  std::uint64_t sequence = 0;
  Values values = {};
};

FileStableStore::FileStableStore(std::shared_ptr<FileSystem> files, std::string path)
    : files_(std::move(files)), path_(std::move(path)) {}

Result<void> FileStableStore::open() {
  const std::string directory = store::parent_of(path_);
  PROA_TRY(store::make_durable_directory(*files_, directory));
  PROA_TRY(const bool there, files_->exists(path_));
  if (!there) PROA_TRY(write_anew({}, 1));
  PROA_TRY(file_, files_->open(path_, OpenMode::write));
  PROA_TRY(const std::uint64_t size, file_->size());
  slot_bytes_ = size / 2;

  PROA_TRY(const Slot first, read_slot(0));
  PROA_TRY(const Slot second, read_slot(1));
  if (first.state == HeaderState::newer || second.state == HeaderState::newer) {
    return fail(Errc::unsupported_protocol,
                path_ + ": written in a newer format than " + std::to_string(kSlotHeader.format) +
                    ", the newest this program knows; start the newer program again");
  }
  if (first.state != HeaderState::ok && second.state != HeaderState::ok) {
    return fail(Errc::corrupt,
                path_ +
                    ": both copies of term and vote are damaged; this server must not vote "
                    "again under its old identity: remove it from the cluster, empty its data "
                    "directory and add it as a new server");
  }
  PROA_TRY(settle(first, second));
  if (mutant("stable file's name not synced")) return {};
  return files_->sync_directory(directory);
}

/// Keeps the newer copy and makes both copies the newest.
Result<void> FileStableStore::settle(const Slot& first, const Slot& second) {
  const bool first_wins =
      second.state != HeaderState::ok ||
      (first.state == HeaderState::ok &&
       (first.sequence >= second.sequence || mutant("older copy of term and vote believed")));
  const Slot& newest = first_wins ? first : second;
  values_ = newest.values;
  sequence_ = newest.sequence;

  const std::string failed_sync = path_ + kFailedSync;
  PROA_TRY(const bool distrusted, files_->exists(failed_sync));
  if (distrusted && !mutant("stable file trusted after a failed sync")) {
    PROA_TRY(write_anew(values_, sequence_));
    return files_->remove(failed_sync);
  }
  // A crash may have left it in the page cache only; before the other copy is touched, this one
  // must be durable.
  if (!mutant("stable file not synced at open")) PROA_TRY(sync());
  const Slot& other = first_wins ? second : first;
  if (other.state == HeaderState::ok && other.sequence == newest.sequence) return {};
  const std::vector<std::byte> body = encode_values(values_);
  return write_slot(first_wins ? 1 : 0,
                    encode_slot(body, sequence_, files_->block_bytes(path_), slot_bytes_));
}

/// The file gets its name when both copies are durable, so a named file was once whole.
Result<void> FileStableStore::write_anew(const Values& values, std::uint64_t sequence) {
  const std::string unfinished = path_ + ".tmp";
  Result<void> done = write_new(unfinished, values, sequence);
  if (done) done = files_->rename(unfinished, path_);
  if (!done) {
    (void)files_->remove(unfinished);  // a full disk would stay full of it
    return done;
  }
  if (mutant("stable file's name not synced")) return {};
  return files_->sync_directory(store::parent_of(path_));
}

Result<void> FileStableStore::write_new(const std::string& path, const Values& values,
                                        std::uint64_t sequence) {
  PROA_TRY(file_, files_->open(path, OpenMode::create));
  const std::uint64_t block = files_->block_bytes(path_);
  slot_bytes_ = std::max<std::uint64_t>(kSlotBytesMin, block);
  PROA_TRY(file_->truncate(0));
  PROA_TRY(file_->truncate(2 * slot_bytes_));
  return write_both(values, sequence);
}

Result<FileStableStore::Slot> FileStableStore::read_slot(std::size_t number) const {
  std::vector<std::byte> bytes(slot_bytes_);
  PROA_TRY(store::read_padded(*file_, number * slot_bytes_, bytes));
  Slot slot{.state = store::check_header(bytes, kSlotHeader)};
  if (slot.state != HeaderState::ok) return slot;

  LittleEndianReader header = store::fields_of(bytes);
  slot.sequence = header.get<std::uint64_t>();
  const auto body_bytes = header.get<std::uint32_t>();
  const auto body_crc = header.get<std::uint32_t>();
  slot.state = HeaderState::damaged;
  if (!header.ok() || body_bytes > bytes.size() - kSlotHeaderBytes) return slot;
  const ByteView body = ByteView{bytes}.subspan(kSlotHeaderBytes, body_bytes);
  if (crc32c(body) != body_crc) return slot;

  LittleEndianReader reader(body);
  for (auto left = reader.get<std::uint32_t>(); left > 0 && reader.ok(); --left) {
    std::string key{text_of(reader.get_string())};
    slot.values[std::move(key)] = SharedBytes::copy_of(reader.get_string());
  }
  if (reader.at_end()) slot.state = HeaderState::ok;
  return slot;
}

Result<void> FileStableStore::write_slot(std::size_t number, ByteView slot) {
  PROA_TRY(file_->write_at(number * slot_bytes_, slot));
  if (mutant("stable copies written without sync")) return {};
  if (mutant("stable copies synced together") && number == 0) return {};
  return sync();
}

/// After a failed sync a page may look clean that the disk never got: no later sync writes it. The
/// note makes the next start write the file anew. It is not synced: with the page cache it may go.
Result<void> FileStableStore::sync() {
  Result<void> done = file_->sync();
  // If the note fails as well, nobody is left to be told.
  if (!done) (void)files_->open(path_ + kFailedSync, OpenMode::create);
  return done;
}

Result<void> FileStableStore::write_both(const Values& values, std::uint64_t sequence) {
  const std::vector<std::byte> body = encode_values(values);
  if (body.size() > kBytesMax) {
    return fail(Errc::command_too_large, path_ + ": " + std::to_string(body.size()) +
                                             " bytes of keys and values; at most " +
                                             std::to_string(kBytesMax));
  }
  const std::vector<std::byte> slot =
      encode_slot(body, sequence, files_->block_bytes(path_), slot_bytes_);
  PROA_TRY(write_slot(0, slot));
  return write_slot(1, slot);
}

Result<std::optional<SharedBytes>> FileStableStore::get(std::string_view key) const {
  PROA_ASSERT(file_ != nullptr);
  const auto found = values_.find(key);
  if (found == values_.end()) return std::optional<SharedBytes>{};
  return std::optional<SharedBytes>{found->second};
}

Result<void> FileStableStore::set(std::span<const KeyValue> values) {
  PROA_ASSERT(file_ != nullptr);
  if (failed_ && !mutant("failed sync of term and vote repeated")) {
    return fail(Errc::io_error, path_ +
                                    ": an earlier write failed, what the disk holds is "
                                    "unknown; restart the server");
  }
  Values next = values_;
  for (const KeyValue& value : values) {
    next[value.key] = value.value;
  }
  if (auto written = write_both(next, sequence_ + 1); !written) {
    failed_ = written.error().code != Errc::command_too_large;
    return written;
  }
  ++sequence_;
  values_ = std::move(next);
  return {};
}

}  // namespace proa
