#include "proa/store/file_snapshot_store.hpp"

#include <algorithm>
#include <tuple>

#include "proa/base/checksum.hpp"
#include "proa/base/mutant.hpp"
#include "proa/store/detail/directory.hpp"
#include "proa/store/detail/snapshot_meta_json.hpp"

namespace proa {
namespace {

constexpr std::string_view kUnfinished = ".tmp";
constexpr const char* kMetaName = "meta.json";
constexpr const char* kStateName = "state.bin";
constexpr std::uint64_t kMetaBytesMax = std::uint64_t{64} << 20;
constexpr std::size_t kChunkBytes = std::size_t{256} << 10;

bool is_unfinished(const std::string& name) { return name.ends_with(kUnfinished); }

bool newer(const SnapshotMeta& a, const SnapshotMeta& b) {
  return std::tie(a.last, a.id) > std::tie(b.last, b.id);
}

class FileSource final : public ByteSource {
 public:
  explicit FileSource(std::unique_ptr<File> file) : file_(std::move(file)) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    PROA_TRY(const std::size_t count, file_->read_at(at_, buffer));
    at_ += count;
    return count;
  }

 private:
  std::unique_ptr<File> file_;
  std::uint64_t at_ = 0;
};

Result<std::uint64_t> crc_of(const File& file) {
  std::vector<std::byte> chunk(kChunkBytes);
  std::uint64_t crc = 0;
  std::uint64_t at = 0;
  while (true) {
    PROA_TRY(const std::size_t count, file.read_at(at, chunk));
    if (count == 0) return crc;
    crc = crc64(ByteView{chunk}.first(count), crc);
    at += count;
  }
}

}  // namespace

/// The directory of all snapshots, which store and sinks share.
class FileSnapshotStore::Folder {
 public:
  Folder(std::shared_ptr<FileSystem> files, const std::string& directory, std::size_t retain)
      : files_(std::move(files)), root_(store::join(directory, "snapshots")), retain_(retain) {
    PROA_ASSERT(retain >= 1);
  }

  FileSystem& files() { return *files_; }
  const std::string& root() const { return root_; }
  std::size_t retain() const { return retain_; }
  std::string path(const std::string& name) const { return store::join(root_, name); }

  /// The model's probe: a directory that cannot be written to fails now and not at the first
  /// snapshot.
  Result<void> probe() {
    const std::string probe = path("permTest");
    PROA_TRY(files_->open(probe, OpenMode::create));
    return files_->remove(probe);
  }

  Result<void> remove_unfinished() {
    PROA_TRY(const auto entries, files_->list(root_));
    for (const DirectoryEntry& entry : entries) {
      if (entry.is_directory && is_unfinished(entry.name)) PROA_TRY(remove(entry.name));
    }
    return {};
  }

  Result<void> remove(const std::string& name) {
    PROA_TRY(const auto entries, files_->list(path(name)));
    for (const DirectoryEntry& entry : entries) {
      PROA_TRY(files_->remove(store::join(path(name), entry.name)));
    }
    return files_->remove(path(name));
  }

  Result<store::MetaFile> read_meta(const std::string& name) const {
    const std::string meta_path = store::join(path(name), kMetaName);
    PROA_TRY(const auto file, files_->open(meta_path, OpenMode::read));
    PROA_TRY(const std::uint64_t size, file->size());
    if (size > kMetaBytesMax) return fail(Errc::corrupt, meta_path + ": far too long");
    std::string text(size, '\0');
    PROA_TRY(const std::size_t count,
             file->read_at(0, std::as_writable_bytes(std::span<char>{text})));
    text.resize(count);
    auto meta = store::decode_meta(text);
    if (!meta) meta.error().detail = meta_path + ": " + meta.error().detail;
    return meta;
  }

  Result<void> write_meta(const std::string& name, const store::MetaFile& meta) {
    PROA_TRY(const auto file, files_->open(store::join(path(name), kMetaName), OpenMode::create));
    PROA_TRY(file->truncate(0));
    PROA_TRY(file->write_at(0, view_of(store::encode_meta(meta))));
    return file->sync();
  }

  /// All that are finished and have a sound meta.json, newest first. One that cannot be read now is
  /// no damaged one: it is there at the next try, and the log may begin behind it.
  Result<std::vector<SnapshotMeta>> list_all() const {
    PROA_TRY(const auto entries, files_->list(root_));
    std::vector<SnapshotMeta> metas;
    for (const DirectoryEntry& entry : entries) {
      if (!entry.is_directory || is_unfinished(entry.name)) continue;
      PROA_TRY(const bool there, files_->exists(store::join(path(entry.name), kMetaName)));
      if (!there) continue;
      auto meta = read_meta(entry.name);
      if (!meta && meta.error().code == Errc::io_error) return fail(std::move(meta).error());
      if (meta) metas.push_back(std::move(meta->meta));
    }
    std::sort(metas.begin(), metas.end(), newer);
    return metas;
  }

  /// A snapshot loses its name for good before it loses a file: a crash must leave none that keeps
  /// its name without its meta.json, which nobody would ever remove.
  Result<void> reap() {
    if (mutant("old snapshots stay")) return {};
    PROA_TRY(const auto metas, list_all());
    for (std::size_t i = retain_; i < metas.size(); ++i) {
      const std::string doomed = metas[i].id + std::string(kUnfinished);
      PROA_TRY(files_->rename(path(metas[i].id), path(doomed)));
      if (!mutant("snapshot emptied before it loses its name")) {
        PROA_TRY(files_->sync_directory(root_));
      }
      PROA_TRY(remove(doomed));
    }
    return {};
  }

 private:
  std::shared_ptr<FileSystem> files_;
  std::string root_;
  std::size_t retain_;
};

/// Steps and syncs in the model's order (reference §5.3), with the snapshot's own directory synced
/// before it gets its final name.
class FileSnapshotStore::Sink final : public SnapshotSink {
 public:
  Sink(std::shared_ptr<Folder> folder, SnapshotMeta meta)
      : folder_(std::move(folder)), file_{.meta = std::move(meta)} {
    unfinished_ = file_.meta.id + std::string(kUnfinished);
  }
  ~Sink() override { (void)cancel(); }  // what is left behind is removed by the next open

  Result<void> begin() {
    PROA_TRY(folder_->files().create_directories(folder_->path(unfinished_)));
    PROA_TRY(folder_->write_meta(unfinished_, file_));
    const std::string path = store::join(folder_->path(unfinished_), kStateName);
    PROA_TRY(state_, folder_->files().open(path, OpenMode::create_new));
    buffer_.reserve(kChunkBytes);
    return {};
  }

  Result<void> write(ByteView bytes) override {
    PROA_ASSERT(state_ != nullptr);
    crc_ = crc64(bytes, crc_);
    while (!bytes.empty()) {
      const ByteView piece = bytes.first(std::min(bytes.size(), kChunkBytes - buffer_.size()));
      buffer_.insert(buffer_.end(), piece.begin(), piece.end());
      bytes = bytes.subspan(piece.size());
      if (buffer_.size() == kChunkBytes) PROA_TRY(flush());
    }
    return {};
  }

  Result<void> close() override {
    if (std::exchange(ended_, true)) return {};
    if (auto published = publish(); !published) {
      state_.reset();
      (void)folder_->remove(unfinished_);  // the first error says more
      return published;
    }
    (void)folder_->reap();  // the snapshot is stored all the same; the next one tries again
    return {};
  }

  Result<void> cancel() override {
    if (std::exchange(ended_, true)) return {};
    state_.reset();
    return folder_->remove(unfinished_);
  }

  const std::string& id() const override { return file_.meta.id; }

 private:
  Result<void> flush() {
    PROA_TRY(state_->write_at(file_.meta.size, ByteView{buffer_}));
    file_.meta.size += buffer_.size();
    buffer_.clear();
    if (file_.meta.size - synced_ < kSyncBytes) return {};
    synced_ = file_.meta.size;
    return state_->sync();
  }

  Result<void> publish() {
    if (auto ready = make_ready(); !ready) {
      ready.error().outcome = Outcome::not_executed;  // it has no name yet
      return ready;
    }
    PROA_TRY(folder_->files().rename(folder_->path(unfinished_), folder_->path(file_.meta.id)));
    if (mutant("snapshot's name not synced")) return {};
    return folder_->files().sync_directory(folder_->root());
  }

  Result<void> make_ready() {
    PROA_TRY(flush());
    PROA_TRY(state_->sync());
    state_.reset();
    file_.crc = crc_;
    PROA_TRY(folder_->write_meta(unfinished_, file_));
    if (mutant("snapshot named before its files")) return {};
    return folder_->files().sync_directory(folder_->path(unfinished_));
  }

  std::shared_ptr<Folder> folder_;
  store::MetaFile file_;
  std::string unfinished_;
  std::unique_ptr<File> state_;
  std::vector<std::byte> buffer_;
  std::uint64_t crc_ = 0;
  std::uint64_t synced_ = 0;
  bool ended_ = false;
};

FileSnapshotStore::FileSnapshotStore(std::shared_ptr<FileSystem> files,
                                     const std::string& directory, FileSnapshotOptions options)
    : folder_(std::make_shared<Folder>(std::move(files), directory, options.retain)),
      unix_milliseconds_(std::move(options.unix_milliseconds)) {}

FileSnapshotStore::~FileSnapshotStore() = default;

Result<void> FileSnapshotStore::open() {
  PROA_TRY(store::make_durable_directory(folder_->files(), folder_->root()));
  PROA_TRY(folder_->probe());
  // A crash may have left a snapshot's loss of its name in the page cache only; see reap.
  PROA_TRY(folder_->files().sync_directory(folder_->root()));
  PROA_TRY(folder_->remove_unfinished());
  return folder_->files().sync_directory(folder_->root());
}

Result<std::unique_ptr<SnapshotSink>> FileSnapshotStore::create(const SnapshotMeta& meta) {
  if (meta.version != SnapshotMeta::kVersion) {
    return fail(Errc::unsupported_protocol,
                "unsupported snapshot version " + std::to_string(meta.version));
  }
  SnapshotMeta named = meta;
  named.size = 0;
  std::int64_t milliseconds = unix_milliseconds_ ? unix_milliseconds_() : 1;
  for (bool taken = true; taken; ++milliseconds) {
    named.id = std::to_string(meta.last.term.value) + "-" + std::to_string(meta.last.index.value) +
               "-" + std::to_string(milliseconds);
    const std::string path = folder_->path(named.id);
    PROA_TRY(const bool finished, folder_->files().exists(path));
    PROA_TRY(const bool unfinished, folder_->files().exists(path + std::string(kUnfinished)));
    taken = finished || unfinished;
  }
  auto sink = std::make_unique<Sink>(folder_, std::move(named));
  PROA_TRY(sink->begin());
  return std::unique_ptr<SnapshotSink>(std::move(sink));
}

Result<std::vector<SnapshotMeta>> FileSnapshotStore::list() const {
  PROA_TRY(auto metas, folder_->list_all());
  if (metas.size() > folder_->retain()) metas.resize(folder_->retain());
  return metas;
}

Result<OpenSnapshot> FileSnapshotStore::open(const std::string& id) const {
  PROA_TRY(const bool there, folder_->files().exists(folder_->path(id)));
  if (!there || id.empty() || id.find('/') != std::string::npos) {
    return fail(Errc::snapshot_not_found, folder_->root() + ": there is no snapshot " + id);
  }
  PROA_TRY(const store::MetaFile meta, folder_->read_meta(id));
  const std::string path = store::join(folder_->path(id), kStateName);
  PROA_TRY(const bool has_state, folder_->files().exists(path));
  if (!has_state) return fail(Errc::corrupt, path + ": it is missing");
  PROA_TRY(auto file, folder_->files().open(path, OpenMode::read));
  PROA_TRY(const std::uint64_t size, file->size());
  if (size != meta.meta.size) {
    return fail(Errc::corrupt, path + ": " + std::to_string(size) + " bytes, " + kMetaName +
                                   " says " + std::to_string(meta.meta.size));
  }
  PROA_TRY(const std::uint64_t crc, crc_of(*file));
  if (meta.crc != crc) {
    return fail(Errc::corrupt, path + ": the state does not match its checksum (CRC mismatch)");
  }
  return OpenSnapshot{.meta = meta.meta, .state = std::make_unique<FileSource>(std::move(file))};
}

}  // namespace proa
