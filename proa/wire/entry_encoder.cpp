#include <cstring>

#include "proa/wire/entry_codec.hpp"
#include "proa/wire/entry_layout.hpp"
#include "proa/wire/time_codec.hpp"

namespace proa::wire {
namespace {

/// Everything up to the payload. The same for all entries that were appended together.
class Opening {
 public:
  explicit Opening(const WallTime& time) : time_(time) {
    const BinaryTime encoded = encode_binary_time(time);
    put(kEntryStart.substr(0, kEntryStart.size() - 1));
    bytes_[size_++] = static_cast<std::byte>(0xa0 | encoded.size);
    put(text_of(ByteView{encoded.bytes, encoded.size}));
    put(kDataKey);
  }

  bool is_for(const WallTime& time) const { return time_ == time; }
  std::size_t size() const { return size_; }

  /// Writes up to kBytesMax bytes, of which the first size() count: a copy of fixed size is faster.
  void write(std::byte* to) const { std::memcpy(to, bytes_, kBytesMax); }
  static constexpr std::size_t kBytesMax = 40;

 private:
  void put(std::string_view text) {
    std::memcpy(bytes_ + size_, text.data(), text.size());
    size_ += text.size();
  }

  WallTime time_;
  std::size_t size_ = 0;
  std::byte bytes_[kBytesMax] = {};
};

constexpr std::size_t number_size(std::uint64_t value) {
  if (value < 0x80) return 1;
  if (value <= 0xff) return 2;
  if (value <= 0xffff) return 3;
  return value <= 0xffffffff ? 5 : 9;
}

std::size_t string_head_size(const SharedBytes& bytes) {
  if (bytes.data() == nullptr || bytes.size() < 32) return 1;
  return bytes.size() <= 0xffff ? 3 : 5;
}

bool stands_apart(const NewEntry& entry) { return entry.data.size() >= kDataApartMin; }

/// Without what stands apart.
std::size_t encoded_size(const NewEntry& entry, std::size_t opening_size) {
  return opening_size + string_head_size(entry.data) +
         (stands_apart(entry) ? 0 : entry.data.size()) + kExtensionsKey.size() +
         string_head_size(entry.extensions) + entry.extensions.size() + kIndexKey.size() +
         number_size(entry.index.value) + kTermKey.size() + number_size(entry.term.value) +
         kTypeKey.size() + number_size(static_cast<std::uint64_t>(entry.kind));
}

/// Writes into memory that is known to suffice.
class Pen {
 public:
  explicit Pen(std::byte* at) : at_(at) {}
  const std::byte* at() const { return at_; }

  void put(ByteView bytes) {
    if (bytes.empty()) return;
    std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  void put(std::string_view key) { put(view_of(key)); }
  // More than the rest of kBytesMax follows, so what is written too much is written over.
  void put(const Opening& opening) {
    opening.write(at_);
    at_ += opening.size();
  }

  void number(std::uint64_t value) {
    if (value < 0x80) {
      *at_++ = static_cast<std::byte>(value);
    } else if (value <= 0xff) {
      tagged<std::uint8_t>(0xcc, value);
    } else if (value <= 0xffff) {
      tagged<std::uint16_t>(0xcd, value);
    } else if (value <= 0xffffffff) {
      tagged<std::uint32_t>(0xce, value);
    } else {
      tagged<std::uint64_t>(0xcf, value);
    }
  }

  void string_head(const SharedBytes& bytes) {
    if (bytes.data() == nullptr) {
      *at_++ = std::byte{0xc0};
    } else if (bytes.size() < 32) {
      *at_++ = static_cast<std::byte>(0xa0 | bytes.size());
    } else if (bytes.size() <= 0xffff) {
      tagged<std::uint16_t>(0xda, bytes.size());
    } else {
      tagged<std::uint32_t>(0xdb, bytes.size());
    }
  }

  /// The bytes behind their head. Returns where they are now, absent as they were.
  ByteView string_body(const SharedBytes& bytes) {
    const ByteView written{bytes.data() == nullptr ? nullptr : at_, bytes.size()};
    put(bytes.view());
    return written;
  }

 private:
  template <class T>
  void tagged(std::uint8_t tag, std::uint64_t value) {
    *at_++ = std::byte{tag};
    store_big_endian(at_, static_cast<T>(value));
    at_ += sizeof(T);
  }

  std::byte* at_;
};

Entry write_entry(Pen& pen, const NewEntry& from, const Opening& opening) {
  const std::byte* const begin = pen.at();
  pen.put(opening);
  pen.string_head(from.data);
  const bool data_apart = stands_apart(from);
  const std::byte* const split = pen.at();
  const ByteView data = data_apart ? from.data.view() : pen.string_body(from.data);
  pen.put(kExtensionsKey);
  pen.string_head(from.extensions);
  const ByteView extensions = pen.string_body(from.extensions);
  pen.put(kIndexKey);
  pen.number(from.index.value);
  pen.put(kTermKey);
  pen.number(from.term.value);
  pen.put(kTypeKey);
  pen.number(static_cast<std::uint64_t>(from.kind));
  return Entry{.index = from.index,
               .term = from.term,
               .kind = from.kind,
               .data_apart = data_apart,
               .appended_at = from.appended_at,
               .data = data,
               .extensions = extensions,
               .head = {begin, data_apart ? split : pen.at()},
               .tail = data_apart ? ByteView{split, pen.at()} : ByteView{}};
}

}  // namespace

std::shared_ptr<const EntryBlock> encode_block(std::span<const NewEntry> entries) {
  auto block = std::make_shared<EntryBlock>();
  if (entries.empty()) return block;
  Opening opening{entries.front().appended_at};
  std::size_t bytes = 0;
  for (const NewEntry& entry : entries) {
    PROA_ASSERT(entry.data.size() <= UINT32_MAX);
    PROA_ASSERT(entry.extensions.size() <= UINT32_MAX);
    if (!opening.is_for(entry.appended_at)) opening = Opening{entry.appended_at};
    bytes += encoded_size(entry, opening.size());
    if (stands_apart(entry)) block->owners.push_back(entry.data);
  }
  auto buffer = std::make_shared_for_overwrite<std::byte[]>(bytes);
  Pen pen{buffer.get()};
  block->entries.reserve(entries.size());
  for (const NewEntry& entry : entries) {
    if (!opening.is_for(entry.appended_at)) opening = Opening{entry.appended_at};
    block->entries.push_back(write_entry(pen, entry, opening));
  }
  PROA_ASSERT(pen.at() == buffer.get() + bytes);
  const ByteView written{buffer.get(), bytes};
  block->owners.emplace_back(std::move(buffer), written);
  return block;
}

}  // namespace proa::wire
