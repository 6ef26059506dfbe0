#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/exit.hpp"
#include "proa/base/error.hpp"

namespace proa::cli {

/// Writes `error: what failed: why [code]` to standard error and, if the text ends in a piece of
/// advice behind its last semicolon, that as a hint on a line of its own. Returns what the program
/// should exit with.
Exit report(const Error& error);
Exit report(const Error& error, Exit exit);
/// The same without an Error.
Exit report(Exit exit, std::string_view sentence, std::string_view hint = {});
void hint(std::string_view text);
/// A result: one line of standard output.
void line(std::string_view text);

/// Columns as wide as their widest cell, two spaces between them; the last is not padded.
std::string table(const std::vector<std::vector<std::string>>& rows);
/// In groups of three: `184 223`.
std::string grouped(std::uint64_t number);

}  // namespace proa::cli
