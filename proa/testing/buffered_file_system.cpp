#include "proa/testing/buffered_file_system.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace proa::testing {

namespace {
constexpr std::size_t kPageBytes = 4096;
using Page = std::array<std::byte, kPageBytes>;
}  // namespace

/// One file: what is below, and the pages that were written since the last sync. Whoever uses it
/// waits for whoever does: it is for tests, and a sync beside a read would show half of both.
/// Threads: any.
class BufferedFile {
 public:
  BufferedFile(std::unique_ptr<File> below, std::uint64_t size, std::shared_ptr<SyncJudge> judge)
      : below_(std::move(below)), judge_(std::move(judge)) {
    state_.with([size](State& state) { state.size = state.below_size = size; });
  }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> buffer) const {
    return state_.with([&](const State& state) { return read(state, offset, buffer); });
  }
  Result<void> write_at(std::uint64_t offset, std::span<const ByteView> pieces) {
    return state_.with([&](State& state) -> Result<void> {
      for (const ByteView piece : pieces) {
        PROA_TRY(write(state, offset, piece));
        offset += piece.size();
      }
      return {};
    });
  }
  Result<void> truncate(std::uint64_t size) {
    return state_.with([&](State& state) { return cut(state, size); });
  }
  std::uint64_t size() const {
    return state_.with([](const State& state) { return state.size; });
  }
  Result<void> sync() {
    return state_.with([&](State& state) -> Result<void> {
      switch (*judge_ ? (*judge_)(below_->path()) : SyncFate::done) {
        case SyncFate::done:
          return flush(state);
        case SyncFate::forgotten:
          return {};
        case SyncFate::failed:
          break;
      }
      state.dirty.clear();
      return fail(Errc::io_error, "cannot sync " + below_->path() + ": a test says so");
    });
  }

 private:
  struct State {
    std::map<std::uint64_t, Page> dirty = {};  ///< by number of the page
    std::uint64_t size = 0;
    std::uint64_t below_size = 0;  ///< what is below counts up to here; behind it are zeros
  };

  Result<Page> page(const State& state, std::uint64_t number) const {
    if (const auto found = state.dirty.find(number); found != state.dirty.end())
      return found->second;
    Page page{};
    const std::uint64_t begin = number * kPageBytes;
    if (begin >= state.below_size) return page;
    const auto bytes =
        static_cast<std::size_t>(std::min<std::uint64_t>(kPageBytes, state.below_size - begin));
    PROA_TRY(const std::size_t read,
             below_->read_at(begin, std::span<std::byte>{page}.first(bytes)));
    std::fill(page.begin() + static_cast<std::ptrdiff_t>(read), page.end(), std::byte{});
    return page;
  }

  Result<std::size_t> read(const State& state, std::uint64_t offset,
                           std::span<std::byte> buffer) const {
    if (offset >= state.size) return std::size_t{0};
    const auto total =
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), state.size - offset));
    for (std::size_t done = 0; done < total;) {
      const std::uint64_t at = offset + done;
      PROA_TRY(const Page content, page(state, at / kPageBytes));
      const auto within = static_cast<std::size_t>(at % kPageBytes);
      const std::size_t count = std::min(total - done, kPageBytes - within);
      std::memcpy(buffer.data() + done, content.data() + within, count);
      done += count;
    }
    return total;
  }

  Result<void> write(State& state, std::uint64_t offset, ByteView piece) {
    for (std::size_t done = 0; done < piece.size();) {
      const std::uint64_t at = offset + done;
      PROA_TRY(Page content, page(state, at / kPageBytes));
      const auto within = static_cast<std::size_t>(at % kPageBytes);
      const std::size_t count = std::min(piece.size() - done, kPageBytes - within);
      std::memcpy(content.data() + within, piece.data() + done, count);
      state.dirty.insert_or_assign(at / kPageBytes, content);
      done += count;
    }
    state.size = std::max(state.size, offset + piece.size());
    return {};
  }

  Result<void> cut(State& state, std::uint64_t size) {
    if (size < state.size) {
      const std::uint64_t last = size / kPageBytes;
      if (size % kPageBytes != 0) {
        PROA_TRY(Page content, page(state, last));
        std::fill(content.begin() + static_cast<std::ptrdiff_t>(size % kPageBytes), content.end(),
                  std::byte{});
        state.dirty.insert_or_assign(last, content);
      }
      const std::uint64_t first_gone = last + (size % kPageBytes != 0 ? 1 : 0);
      state.dirty.erase(state.dirty.lower_bound(first_gone), state.dirty.end());
      state.below_size = std::min(state.below_size, size);
    }
    state.size = size;
    return {};
  }

  Result<void> flush(State& state) {
    PROA_TRY(const std::uint64_t below, below_->size());
    if (state.below_size < below) PROA_TRY(below_->truncate(state.below_size));
    for (const auto& [number, content] : state.dirty) {
      const std::uint64_t begin = number * kPageBytes;
      const auto bytes = static_cast<std::size_t>(
          std::min<std::uint64_t>(kPageBytes, state.size - std::min(state.size, begin)));
      if (bytes > 0) PROA_TRY(below_->write_at(begin, ByteView{content}.first(bytes)));
    }
    PROA_TRY(const std::uint64_t written, below_->size());
    if (written != state.size) PROA_TRY(below_->truncate(state.size));
    PROA_TRY(below_->sync());
    state.dirty.clear();
    state.below_size = state.size;
    return {};
  }

  std::unique_ptr<File> below_;
  std::shared_ptr<SyncJudge> judge_;
  Guarded<State> state_ = {};
};

namespace {

class Handle final : public File {
 public:
  Handle(std::shared_ptr<BufferedFile> file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {}

  using File::write_at;
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> buffer) const override {
    return file_->read_at(offset, buffer);
  }
  Result<void> write_at(std::uint64_t offset, std::span<const ByteView> pieces) override {
    return file_->write_at(offset, pieces);
  }
  Result<void> sync() override { return file_->sync(); }
  Result<void> truncate(std::uint64_t size) override { return file_->truncate(size); }
  Result<std::uint64_t> size() const override { return file_->size(); }
  const std::string& path() const override { return path_; }

 private:
  std::shared_ptr<BufferedFile> file_;
  std::string path_;
};

}  // namespace

BufferedFileSystem::BufferedFileSystem(std::shared_ptr<FileSystem> below, SyncJudge judge)
    : below_(std::move(below)), judge_(std::make_shared<SyncJudge>(std::move(judge))) {}

Result<std::unique_ptr<File>> BufferedFileSystem::open(const std::string& path, OpenMode mode) {
  return names_.with([&](Names& names) -> Result<std::unique_ptr<File>> {
    const auto known = names.open.find(path);
    if (known != names.open.end() && mode != OpenMode::create_new)
      return std::make_unique<Handle>(known->second, path);
    // What is read may be written by another handle, so every file is open for that.
    PROA_TRY(auto below, below_->open(path, mode == OpenMode::read ? OpenMode::write : mode));
    PROA_TRY(const std::uint64_t size, below->size());
    auto file = std::make_shared<BufferedFile>(std::move(below), size, judge_);
    names.open.insert_or_assign(path, file);
    return std::make_unique<Handle>(std::move(file), path);
  });
}

Result<void> BufferedFileSystem::rename(const std::string& from, const std::string& to) {
  return names_.with([&](Names& names) -> Result<void> {
    PROA_TRY(below_->rename(from, to));
    for (auto known = names.open.lower_bound(from);
         known != names.open.end() && known->first.starts_with(from);) {
      const std::string rest = known->first.substr(from.size());
      const bool moved = rest.empty() || rest.front() == '/';  // the file, or what is inside
      if (moved) names.open.insert_or_assign(to + rest, known->second);
      known = moved ? names.open.erase(known) : std::next(known);
    }
    return {};
  });
}

Result<void> BufferedFileSystem::remove(const std::string& path) {
  return names_.with([&](Names& names) -> Result<void> {
    PROA_TRY(below_->remove(path));
    names.open.erase(path);
    return {};
  });
}

}  // namespace proa::testing
