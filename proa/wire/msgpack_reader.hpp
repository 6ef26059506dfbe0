#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proa/base/bytes.hpp"
#include "proa/base/time.hpp"

namespace proa::wire {

/// Containers within containers, the outermost included, stay below this (reference §6.2).
inline constexpr std::size_t kNestingMax = 1024;

/// The head of a msgpack value: everything but the bytes of a string and the elements of a
/// container.
struct Token {
  enum class Type : std::uint8_t {
    nil,
    boolean,
    integer,
    floating,
    string,
    array,
    map,
    extension,
    never_used
  };
  Type type = Type::nil;
  std::uint8_t tag = 0;        ///< the first byte
  bool negative = false;       ///< an integer below zero; `number` is its two's complement
  std::uint8_t extension = 0;  ///< the type of an extension
  std::uint64_t number = 0;    ///< the integer; bytes of a string or extension; elements or pairs

  bool is_payload_behind() const { return type == Type::string || type == Type::extension; }
  bool is_container() const { return type == Type::array || type == Type::map; }
  /// Values inside: a pair of a map is two.
  std::uint64_t values_inside() const {
    if (type == Type::array) return number;
    return type == Type::map ? 2 * number : 0;
  }
};

/// Reads the token at the beginning of `input`. Returns its size, 0 if more bytes are needed.
std::size_t read_token(ByteView input, Token& token);

/// Reads msgpack with the tolerance of the model's decoder (reference §6.4). A call that returns
/// false has failed for good: incomplete() says whether more bytes could have helped. Byte strings
/// are views into the input, but for the rare ones written as a list of numbers, see owned().
class MsgpackReader {
 public:
  explicit MsgpackReader(ByteView input, std::size_t nesting = 0)
      : input_(input), nesting_(nesting) {}

  std::size_t position() const { return at_; }
  ByteView rest() const { return input_.subspan(at_); }
  ByteView since(std::size_t begin) const { return input_.subspan(begin, at_ - begin); }
  void advance(std::size_t bytes) { at_ += bytes; }
  bool incomplete() const { return incomplete_; }
  const std::string& error() const { return error_; }  ///< with the position, if not incomplete
  std::vector<SharedBytes> take_owned() { return std::move(owned_); }

  bool unsigned_number(std::uint64_t& value, std::uint64_t most = UINT64_MAX);
  bool signed_number(std::int64_t& value);
  bool boolean(bool& value);
  bool bytes(ByteView& value);  ///< nil: absent; also a list of numbers
  bool text(ByteView& value);   ///< nil: empty; also an array of numbers, but no map of them
  bool key(std::string_view& value);
  bool time(WallTime& value);  ///< nil: the zero time
  bool skip();                 ///< one value of any kind

  /// The elements of a list or the fields of a struct, which follow; leave() when all are read.
  struct Container {
    Token::Type type = Token::Type::nil;  ///< nil, array or map
    std::uint64_t values = 0;             ///< that follow; a pair of a map is two
  };
  bool enter(Container& value);
  void leave() { --nesting_; }

  bool malformed(const std::string& what);

 private:
  bool token(Token& token);
  bool take(std::uint64_t count, ByteView& bytes);
  bool string_of(const Token& head, ByteView& value);
  bool numbers(std::uint64_t values, ByteView& value);
  bool time_bytes(const Token& head, ByteView& bytes);

  ByteView input_;
  std::size_t at_ = 0;
  std::size_t nesting_;  ///< containers around what is read next
  bool incomplete_ = false;
  std::string error_;
  std::vector<SharedBytes> owned_;
};

/// A struct: a map by name, or an array in the order of `declared`; nil leaves every field as it
/// is. `read_field` reads the value of the named field; an unknown name is to be skipped.
template <class ReadField>
bool read_struct(MsgpackReader& in, std::span<const std::string_view> declared,
                 ReadField&& read_field) {
  MsgpackReader::Container fields;
  if (!in.enter(fields)) return false;
  if (fields.type == Token::Type::map) {
    for (std::uint64_t left = fields.values / 2; left > 0; --left) {
      std::string_view name;
      if (!in.key(name) || !read_field(name)) return false;
    }
  } else {
    for (std::uint64_t i = 0; i < fields.values; ++i) {
      if (!read_field(i < declared.size() ? declared[i] : std::string_view{})) return false;
    }
  }
  in.leave();
  return true;
}

/// A list: an array, or a map taken as key, value, key, ...; nil is no element.
template <class ReadElement>
bool read_list(MsgpackReader& in, ReadElement&& read_element) {
  MsgpackReader::Container list;
  if (!in.enter(list)) return false;
  for (std::uint64_t left = list.values; left > 0; --left) {
    if (!read_element()) return false;
  }
  in.leave();
  return true;
}

}  // namespace proa::wire
