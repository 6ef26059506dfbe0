#include "server/admin/identity.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "proa/base/checksum.hpp"

namespace proa::server {
namespace {

constexpr unsigned kFormat = 1;
constexpr std::string_view kTitle = "proa server identity, format ";
constexpr std::size_t kFileBytesMax = 4096;
constexpr std::size_t kNameBytesMax = 64;
constexpr std::size_t kIncarnationDigits = 16;
constexpr std::array<std::string_view, 4> kStates{"none", "joining", "pending", "done"};

std::string hex(std::uint64_t value, std::size_t digits) {
  std::string text(digits, '0');
  for (std::size_t at = digits; at > 0; --at, value >>= 4)
    text[at - 1] = "0123456789abcdef"[value & 15];
  return text;
}

std::string path_in(const std::string& directory) { return directory + "/identity"; }

std::string text_of_identity(const Identity& identity) {
  std::string text{kTitle};
  text.append(std::to_string(kFormat)).append("\nname ").append(identity.name);
  text.append("\nincarnation ").append(hex(identity.incarnation, kIncarnationDigits));
  text.append("\nfounding ").append(kStates.at(static_cast<std::size_t>(identity.founding)));
  text.append("\n");
  const std::string crc = hex(crc32c(view_of(text)), 8);
  return text.append("crc32c ").append(crc).append("\n");
}

/// The lines of the file, taken from the front.
struct Lines {
  std::string_view text;

  /// What follows `key` on the next line; nothing, if that line is another one.
  std::optional<std::string_view> take(std::string_view key) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos || !text.starts_with(key)) return {};
    const std::string_view value = text.substr(key.size(), end - key.size());
    text.remove_prefix(end + 1);
    return value;
  }
};

std::optional<std::uint64_t> number_in(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return {};
  return value;
}

/// Nothing: damaged. The text is of a format that we know.
std::optional<Identity> parse(std::string_view text) {
  Lines lines{text};
  lines.take(kTitle);
  const auto name = lines.take("name ");
  const auto incarnation = lines.take("incarnation ");
  const auto founding = lines.take("founding ");
  const std::size_t covered = text.size() - lines.text.size();
  const auto crc = lines.take("crc32c ");
  if (!name || !incarnation || !founding || !crc || !lines.text.empty()) return {};
  const auto number = number_in(*incarnation, 16);
  const auto* const state = std::ranges::find(kStates, *founding);
  if (!number || state == kStates.end() || !check_name(*name)) return {};
  if (number_in(*crc, 16) != crc32c(view_of(text.substr(0, covered)))) return {};
  return Identity{.name = std::string{*name},
                  .incarnation = *number,
                  .founding = static_cast<FoundingState>(state - kStates.begin())};
}

Failure refused(Errc code, std::string detail) {
  return fail(Error{.code = code, .outcome = Outcome::not_executed, .detail = std::move(detail)});
}

}  // namespace

ServerId Identity::id() const { return {name + "#" + hex(incarnation, kIncarnationDigits)}; }

std::string_view name_of(const ServerId& id) {
  return std::string_view{id.value}.substr(0, id.value.find('#'));
}

Result<void> check_name(std::string_view name) {
  const bool plain = std::ranges::all_of(name, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '.' || letter == '_' || letter == '-';
  });
  if (plain && !name.empty() && name.size() <= kNameBytesMax) return {};
  return refused(
      Errc::invalid_config,
      "name is '" + std::string{name} + "'; it must be 1 to 64 letters, digits, '.', '_' or '-'");
}

Result<std::optional<Identity>> load_identity(FileSystem& files, const std::string& directory) {
  const std::string path = path_in(directory);
  PROA_TRY(const bool there, files.exists(path));
  if (!there) return std::optional<Identity>{};
  PROA_TRY(const auto file, files.open(path, OpenMode::read));
  std::string text(kFileBytesMax, '\0');
  PROA_TRY(const std::size_t size, file->read_at(0, std::as_writable_bytes(std::span<char>{text})));
  text.resize(size);
  Lines lines{text};
  const auto format = number_in(lines.take(kTitle).value_or(std::string_view{}), 10);
  if (format && *format > kFormat) {
    return refused(Errc::unsupported_protocol, path + " has format " + std::to_string(*format) +
                                                   ", this program knows formats up to " +
                                                   std::to_string(kFormat) +
                                                   "; start the newer program again");
  }
  std::optional<Identity> identity = format ? parse(text) : std::nullopt;
  if (identity) return identity;
  return refused(Errc::corrupt,
                 path +
                     " is damaged, so it is not known whose data this is; restore the file "
                     "from a backup, or remove this server from the cluster and start it with "
                     "an empty directory");
}

Result<void> save_identity(FileSystem& files, const std::string& directory, const Identity& what) {
  const std::string unfinished = path_in(directory) + ".tmp";
  PROA_TRY(const auto file, files.open(unfinished, OpenMode::create));
  PROA_TRY(file->truncate(0));
  PROA_TRY(file->write_at(0, view_of(text_of_identity(what))));
  PROA_TRY(file->sync());
  PROA_TRY(files.rename(unfinished, path_in(directory)));
  return files.sync_directory(directory);
}

}  // namespace proa::server
