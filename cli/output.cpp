#include "cli/output.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace proa::cli {
namespace {

Exit exit_of(const Error& error) {
  switch (error.code) {
    case Errc::invalid_config:
      return Exit::usage;
    case Errc::peer_unreachable:
    case Errc::unsupported_protocol:
      return Exit::cannot_connect;
    case Errc::not_leader:
      return Exit::no_leader;
    case Errc::configuration_changed:
    case Errc::cannot_bootstrap:
      return Exit::refused;
    case Errc::deadline:
    case Errc::leadership_lost:
      return Exit::unknown_outcome;
    default:
      return Exit::failed;
  }
}

/// What to do about it, where the error itself does not say so.
std::string_view usual_advice(Errc code) {
  switch (code) {
    case Errc::io_error:
      return "look at the path, its owner and the free space (ls -ld, df -h), then try again";
    case Errc::busy:
      return "stop the other process first, or wait until it is done";
    case Errc::corrupt:
      return "restore the file from a backup, or replace this server";
    case Errc::invalid_config:
      return "proa --help, or proa COMMAND --help";
    default:
      return "see how the cluster is: proa status";
  }
}

void put(std::FILE* where, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), where);
  std::fputc('\n', where);
  std::fflush(where);
}

}  // namespace

void hint(std::string_view text) { put(stderr, "   hint: " + std::string{text}); }

Exit report(const Error& error) { return report(error, exit_of(error)); }

Exit report(const Error& error, Exit exit) {
  const std::size_t advice = error.detail.rfind("; ");
  const bool has_advice = advice != std::string::npos;
  const std::string sentence = error.detail.substr(0, advice);
  put(stderr, "error: " + sentence + " [" + to_string(error.code) + "]");
  hint(has_advice ? std::string_view{error.detail}.substr(advice + 2) : usual_advice(error.code));
  return exit;
}

Exit report(Exit exit, std::string_view sentence, std::string_view advice) {
  put(stderr, "error: " + std::string{sentence});
  if (!advice.empty()) hint(advice);
  return exit;
}

void line(std::string_view text) { put(stdout, text); }

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t column = 0; column < row.size(); ++column)
      widths[column] = std::max(widths[column], row[column].size());
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t column = 0; column < row.size(); ++column) {
      text += row[column];
      if (column + 1 < row.size()) text.append(widths[column] + 2 - row[column].size(), ' ');
    }
    text += '\n';
  }
  return text;
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3)
    text.insert(at - 3, " ");
  return text;
}

}  // namespace proa::cli
