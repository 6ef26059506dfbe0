#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "proa/base/bytes.hpp"
#include "proa/base/result.hpp"

namespace proa::resp {

/// Bounds on what a client may send. Beyond them its connection is closed.
struct RequestLimits {
  std::size_t arguments = std::size_t{1} << 20;
  std::size_t argument_bytes = std::size_t{32} << 20;
  std::size_t request_bytes = std::size_t{48} << 20;
  std::size_t line_bytes = std::size_t{64} << 10;  ///< of an inline command, or of a length
};

struct Request {
  std::size_t bytes = 0;                    ///< how much of the input it took
  std::vector<SharedBytes> arguments = {};  ///< none: an empty line, which has no answer
};

/// Finds requests in what a client sends: arrays of bulk strings, or lines of words with Redis's
/// quoting (inline commands). Each byte is looked at once, however small the pieces; nothing is
/// allocated for what a length only announces. After an error nothing more can be made of the
/// connection.
class RequestParser {
 public:
  explicit RequestParser(RequestLimits limits = {}) : limits_(limits) {}

  /// `unread`: what has arrived and is not taken; in the next call the same and more, perhaps
  /// elsewhere in memory, until a request is complete. Arguments then point into it. Nothing: more
  /// bytes are needed. Errors: protocol_error, whose detail is what Redis tells the client.
  Result<std::optional<Request>> next(const SharedBytes& unread);

 private:
  using Outcome = Result<std::optional<Request>>;
  struct Piece {
    std::size_t offset = 0;
    std::size_t bytes = 0;
  };

  Outcome inline_command(const SharedBytes& unread);
  Outcome array(const SharedBytes& unread);
  Result<bool> read_count(ByteView unread);
  Result<bool> read_argument(ByteView unread);
  Result<std::optional<std::string_view>> line(ByteView unread, const char* too_big);
  Request finish(const SharedBytes& unread);

  RequestLimits limits_;
  std::size_t at_ = 0;       ///< everything before it is understood
  std::size_t scanned_ = 0;  ///< no end of line before it
  std::optional<std::size_t> count_ = {};
  std::optional<std::size_t> argument_bytes_ = {};  ///< of the argument that begins at at_
  std::vector<Piece> arguments_ = {};
};

/// The words of a line, in Redis's quoting: "..." with escapes, '...' with \'. Nothing: a quote is
/// not closed, or followed by something else than a space.
std::optional<std::vector<std::string>> split_words(std::string_view line);

}  // namespace proa::resp
