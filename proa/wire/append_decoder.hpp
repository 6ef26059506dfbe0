#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proa/base/bytes.hpp"
#include "proa/wire/frames.hpp"
#include "proa/wire/msgpack_reader.hpp"
#include "proa/wire/value_scanner.hpp"

namespace proa::wire {

/// Reads one AppendEntries request that may arrive in many pieces: what was read stays read, field
/// by field and entry by entry.
class AppendDecoder {
 public:
  explicit AppendDecoder(std::size_t begin) : at_(begin) {}

  enum class Outcome : std::uint8_t { complete, incomplete, malformed };

  /// `input` begins as in the call before, perhaps elsewhere in memory, and may be longer.
  Outcome read(const SharedBytes& input);

  /// Behind the request when complete. Before that, how many bytes there will be at least.
  std::size_t position() const { return scanner_ ? scanner_->position() : at_; }
  const std::string& error() const { return error_; }
  AppendEntriesRequestFrame take_frame();  ///< once complete; the entries point into the last input

 private:
  enum class Place : std::uint8_t { opening, fields, entries, behind };

  void follow(const SharedBytes& input);
  bool read_on(MsgpackReader& in);
  bool read_opening(MsgpackReader& in);
  bool read_field(MsgpackReader& in);
  void reserve(std::size_t bytes);
  bool read_entries(MsgpackReader& in);

  std::size_t at_;  ///< everything before is read
  Place place_ = Place::opening;
  bool by_name_ = true;
  std::uint64_t fields_read_ = 0;
  std::uint64_t fields_ = 0;
  std::uint64_t entries_left_ = 0;
  std::optional<std::size_t> value_at_ = {};  ///< a value that is read anew once it is all there
  std::optional<ValueScanner> scanner_ = {};  ///< set while we wait for it
  std::string error_;

  AppendEntriesRequestFrame frame_ = {};
  std::vector<Entry> entries_ = {};
  std::vector<SharedBytes> owned_ = {};
  SharedBytes input_ = {};  ///< what the entries point into
};

}  // namespace proa::wire
