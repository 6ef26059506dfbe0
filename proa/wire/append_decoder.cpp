#include "proa/wire/append_decoder.hpp"

#include <algorithm>
#include <functional>

#include "proa/wire/entry_codec.hpp"
#include "proa/wire/frame_codec.hpp"

namespace proa::wire {
namespace {

using Frame = AppendEntriesRequestFrame;
constexpr std::string_view kEntries = "Entries";

ByteView moved(ByteView view, ByteView from, ByteView to) {
  const std::less_equal<> not_behind;  // defined for any two pointers
  const bool lies_inside =
      not_behind(from.data(), view.data()) && not_behind(view.data(), from.data() + from.size());
  if (view.data() == nullptr || !lies_inside) return view;
  return to.subspan(static_cast<std::size_t>(view.data() - from.data()), view.size());
}

}  // namespace

// An unfinished request may have moved to a larger piece of memory.
void AppendDecoder::follow(const SharedBytes& input) {
  if (input.data() != input_.data()) {
    for (Entry& entry : entries_) {
      entry.head = moved(entry.head, input_, input);
      entry.data = moved(entry.data, input_, input);
      entry.extensions = moved(entry.extensions, input_, input);
    }
  }
  input_ = input;
}

AppendDecoder::Outcome AppendDecoder::read(const SharedBytes& input) {
  follow(input);
  while (place_ != Place::behind) {
    if (scanner_) {
      const ValueScanner::Outcome scanned = scanner_->scan(input);
      if (scanned == ValueScanner::Outcome::incomplete) return Outcome::incomplete;
      scanner_.reset();  // what is malformed is found, and told, by reading it
    }
    MsgpackReader in{input, place_ == Place::opening ? 0U : place_ == Place::fields ? 1U : 2U};
    in.advance(at_);
    value_at_.reset();
    const bool is_read = read_on(in);
    for (SharedBytes& bytes : in.take_owned())
      owned_.push_back(std::move(bytes));
    if (is_read) {
      at_ = in.position();
      continue;
    }
    if (!in.incomplete()) {
      error_ = in.error();
      return Outcome::malformed;
    }
    if (!value_at_) return Outcome::incomplete;  // a few bytes, read anew with the next
    scanner_.emplace(
        ValueScanner::Start{.offset = *value_at_, .nesting = place_ == Place::fields ? 1U : 2U});
  }
  return Outcome::complete;
}

bool AppendDecoder::read_on(MsgpackReader& in) {
  if (place_ == Place::opening) return read_opening(in);
  if (place_ == Place::entries) return read_entries(in);
  if (fields_read_ < fields_) return read_field(in);
  place_ = Place::behind;
  return true;
}

bool AppendDecoder::read_opening(MsgpackReader& in) {
  MsgpackReader::Container fields;
  if (!in.enter(fields)) return false;
  by_name_ = fields.type == Token::Type::map;
  fields_ = by_name_ ? fields.values / 2 : fields.values;
  place_ = Place::fields;
  return true;
}

bool AppendDecoder::read_field(MsgpackReader& in) {
  std::string_view name;
  if (by_name_) {
    if (!in.key(name)) return false;
  } else if (fields_read_ < Frame::kDeclared.size()) {
    name = Frame::kDeclared[fields_read_];
  }
  if (name != kEntries) {
    value_at_ = in.position();
    if (!wire::read_field(in, name, frame_)) return false;
    ++fields_read_;
    return true;
  }
  MsgpackReader::Container list;
  if (!in.enter(list)) return false;
  frame_.entries.is_present = list.type != Token::Type::nil;
  entries_.clear();  // given twice, the last list counts
  entries_left_ = list.values;
  ++fields_read_;
  place_ = Place::entries;
  return true;
}

// Room for the entries that have arrived; at least doubled, or many small pieces would move those
// already read again and again.
void AppendDecoder::reserve(std::size_t bytes) {
  const std::uint64_t fit = bytes / kEntryBytesMin + 1;
  const std::size_t wanted =
      entries_.size() + static_cast<std::size_t>(std::min(entries_left_, fit));
  if (wanted > entries_.capacity()) entries_.reserve(std::max(wanted, 2 * entries_.capacity()));
}

bool AppendDecoder::read_entries(MsgpackReader& in) {
  reserve(in.rest().size());
  for (; entries_left_ > 0; --entries_left_) {
    at_ = in.position();
    value_at_ = at_;
    if (!read_entry(in, entries_)) return false;
  }
  place_ = Place::fields;
  return true;
}

AppendEntriesRequestFrame AppendDecoder::take_frame() {
  PROA_ASSERT(place_ == Place::behind);
  if (!entries_.empty()) {
    auto block = std::make_shared<EntryBlock>();
    block->entries = std::move(entries_);
    block->owners = std::move(owned_);
    block->owners.push_back(std::move(input_));
    frame_.entries.entries = EntryView{std::move(block)};
  }
  return std::move(frame_);
}

}  // namespace proa::wire
