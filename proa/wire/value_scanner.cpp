#include "proa/wire/value_scanner.hpp"

#include "proa/wire/msgpack_reader.hpp"
#include "proa/wire/time_codec.hpp"

namespace proa::wire {

ValueScanner::Outcome ValueScanner::malformed(const char* what) {
  error_ = what;
  return Outcome::malformed;
}

ValueScanner::Outcome ValueScanner::scan(ByteView input) {
  while (true) {
    while (!open_.empty() && open_.back() == 0)
      open_.pop_back();
    if (at_ > input.size()) return Outcome::incomplete;
    if (open_.empty()) return Outcome::complete;
    Token token;
    const std::size_t size = read_token(input.subspan(at_), token);
    if (size == 0) return Outcome::incomplete;
    at_ += size;
    --open_.back();
    if (token.type == Token::Type::never_used)
      return malformed("byte c1, which nothing begins with");
    if (token.type == Token::Type::extension && token.extension == kTimeExtension &&
        !is_timestamp_size(token.number)) {
      return malformed("a time extension of a size that no time has");
    }
    if (token.is_payload_behind()) at_ += token.number;
    if (!token.is_container()) continue;
    if (nesting_ + open_.size() >= kNestingMax) return malformed("nested deeper than 1023");
    open_.push_back(token.values_inside());
  }
}

}  // namespace proa::wire
