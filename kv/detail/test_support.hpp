#pragma once

#include <algorithm>
#include <any>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "kv/store.hpp"

// For tests: a store by itself, and snapshots in memory.

namespace proa::kv {

class AllWanted final : public Responses {
 public:
  explicit AllWanted(std::size_t count) : responses(count) {}
  bool wanted(std::size_t) const override { return true; }
  void set(std::size_t position, std::any response) override {
    responses[position] = std::move(response);
  }
  std::vector<std::any> responses;
};

/// Applies one command as the entry `index`.
inline Reply apply(Store& store, const Command& command, LogIndex index = LogIndex{1}) {
  const SharedBytes bytes = encode_command(command);
  const Committed entry{.index = index, .term = Term{1}, .command = bytes};
  AllWanted responses{1};
  store.apply({&entry, 1}, responses);
  return std::any_cast<Reply>(responses.responses.front());
}

inline Reply ask(const Store& store, QueryKind kind, const std::vector<std::string>& keys = {}) {
  Query query{.kind = kind};
  for (const std::string& key : keys)
    query.keys.push_back(SharedBytes::copy_of(key));
  return store.answer(query);
}

inline Reply value(std::string_view text) { return SharedBytes::copy_of(text); }

class StringSink final : public SnapshotSink {
 public:
  Result<void> write(ByteView bytes) override {
    written.append(text_of(bytes));
    return {};
  }
  Result<void> close() override { return {}; }
  Result<void> cancel() override { return {}; }
  const std::string& id() const override { return written; }
  std::string written = {};
};

/// Gives at most `step` bytes at a time.
class StringSource final : public ByteSource {
 public:
  explicit StringSource(std::string_view text, std::size_t step = SIZE_MAX)
      : rest_(view_of(text)), step_(step) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    const std::size_t bytes = std::min({buffer.size(), step_, rest_.size()});
    if (bytes > 0) std::memcpy(buffer.data(), rest_.data(), bytes);
    rest_ = rest_.subspan(bytes);
    return bytes;
  }

 private:
  ByteView rest_;
  std::size_t step_;
};

inline std::string snapshot_of(Store& store) {
  StringSink sink;
  PROA_ASSERT((*store.snapshot())->write_to(sink).has_value());
  return sink.written;
}

}  // namespace proa::kv
