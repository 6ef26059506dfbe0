#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "proa/base/result.hpp"
#include "proa/model/entry.hpp"
#include "proa/model/log_summary.hpp"
#include "proa/wire/configuration_codec.hpp"

namespace proa::wire {

class MsgpackReader;

/// A payload of this size or more is not copied into the encoded form but stands beside it.
inline constexpr std::size_t kDataApartMin = 2048;

/// The shortest form in which anybody writes a whole entry. Shorter ones lack fields.
inline constexpr std::size_t kEntryBytesMin = 65;

/// Encodes entries, each once, exactly as elements of the wire's Entries array (reference §6.3);
/// the same bytes are the body of a batch in the log. Payloads must be shorter than 4 GiB.
std::shared_ptr<const EntryBlock> encode_block(std::span<const NewEntry> entries);

struct DecodedBlock {
  std::shared_ptr<const EntryBlock> block = {};
  std::size_t bytes = 0;  ///< how many of the chunk the entries took
};

/// Decodes `count` elements from the beginning of `chunk`. Payloads stay where they are. Nothing:
/// more bytes are needed. Errors: protocol_error, also for indexes that are not consecutive.
Result<std::optional<DecodedBlock>> decode_block(const SharedBytes& chunk, std::size_t count);

/// Decodes one element and appends it; its views point into the reader's input, or into what the
/// reader owns. A nil element is malformed: it stops a server of the model (reference §6.4, point
/// 3).
bool read_entry(MsgpackReader& in, std::vector<Entry>& entries);

/// What the core is told of an entry. Errors: protocol_error, if it holds a configuration that
/// does not decode.
Result<EntryInfo> describe(const Entry& entry);

/// What the core is told of entries; if there are none, that the next one comes after `previous`.
Result<EntriesSummary> summarize(const EntryView& entries, LogIndex previous);

}  // namespace proa::wire
