#pragma once

#include <string>
#include <string_view>

#include "proa/base/result.hpp"
#include "proa/testing/tape.hpp"

namespace proa::testing {

/// A tape with what one has to know to play it again, as a text that people read, compare and keep
/// in the repository. A line is a span that is not calm: when it was taken, its queue, its place in
/// that queue, its values, and what it is about.
///
///     proa tape 1
///     seed 42
///     mutant commit of an old-term entry
///     rule commit without a quorum
///     12.034551 | nemesis strike | 3 | 118000000 4 0 1 | isolate leader
struct TapeFile {
  std::uint64_t seed = 0;   ///< of the first recording; it goes into the trace hash
  std::string mutant = {};  ///< the known bug that was in; empty: none
  std::string rule = {};    ///< what broke; empty: nothing
  Tape tape = {};
};

std::string to_text(const TapeFile& file);
Result<TapeFile> parse_tape(std::string_view text);

/// For the pipe from a process of our own: with the calm spans, of which a file says nothing.
std::string to_bytes(const Tape& tape);
Tape tape_of_bytes(std::string_view bytes);

/// Of a violation what does not depend on servers and numbers: what stands before the colon, or the
/// condition of an assertion.
std::string rule_of(std::string_view violation);

}  // namespace proa::testing
