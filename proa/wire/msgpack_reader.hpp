#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "proa/base/bytes.hpp"
#include "proa/base/time.hpp"

namespace proa::wire {

/// Reads msgpack with the tolerance of the model's decoder (reference §6.4). A call that returns
/// false has failed for good: incomplete() says whether more bytes could help. Byte strings are
/// views into the input, but for the rare ones written as a list of numbers, see owned().
class MsgpackReader {
 public:
  explicit MsgpackReader(ByteView input) : input_(input) {}

  std::size_t position() const { return at_; }
  bool incomplete() const { return incomplete_; }
  const std::string& error() const { return error_; }  ///< with the position, if not incomplete
  const std::vector<SharedBytes>& owned() const { return owned_; }  ///< what some views point into

  bool unsigned_number(std::uint64_t& value, std::uint64_t most = UINT64_MAX);
  bool signed_number(std::int64_t& value);
  bool boolean(bool& value);
  bool string(ByteView& value);   ///< nil: absent
  bool map_key(ByteView& value);  ///< a string of any format
  bool time(WallTime& value);     ///< nil: the zero time
  bool skip();                    ///< one value, nested at most 1024 deep

  /// The header of an array, a map or nil, and how many values follow it; a map counts twice.
  struct Container {
    enum class Kind { nil, array, map } kind = Kind::nil;
    std::size_t values = 0;
  };
  bool container(Container& value);

  bool malformed(const std::string& what);

 private:
  bool take(std::size_t count, ByteView& bytes);
  bool byte(unsigned& value);
  bool big_endian(std::size_t bytes, std::uint64_t& value);
  bool integer(unsigned tag, std::uint64_t& bits, bool& negative, bool& is_integer);
  bool string_size(unsigned tag, std::size_t& size, bool& is_string);
  bool list_of_bytes(std::size_t values, ByteView& value);
  bool container_after(unsigned tag, Container& value, bool& is_container);
  bool binary_time(ByteView bytes, WallTime& value);
  bool new_time(ByteView bytes, WallTime& value);
  bool skip_payload(unsigned tag, std::size_t& nested);

  ByteView input_;
  std::size_t at_ = 0;
  bool incomplete_ = false;
  std::string error_;
  std::vector<SharedBytes> owned_;
};

}  // namespace proa::wire
