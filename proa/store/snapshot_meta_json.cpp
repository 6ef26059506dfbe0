#include "proa/store/detail/snapshot_meta_json.hpp"

#include <array>
#include <boost/json.hpp>

#include "proa/base/checksum.hpp"
#include "proa/wire/entry_codec.hpp"

namespace proa::store {
namespace {

namespace json = boost::json;

constexpr std::string_view kOwnKey = ",\"ProaMetaCRC\":\"";
constexpr std::string_view kOwnEnd = "\"}";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string base64(ByteView bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = (group << 8) | (i < count ? static_cast<std::uint32_t>(bytes[at + i]) : 0);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      text += i <= count ? kBase64[(group >> (18 - 6 * i)) & 63] : '=';
    }
  }
  return text;
}

std::optional<std::vector<std::byte>> unbase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  std::vector<std::byte> bytes;
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t digit = kBase64.find(text[i]);
    if (digit == std::string_view::npos) return std::nullopt;
    group = (group << 6) | static_cast<std::uint32_t>(digit);
    if (i % 4 != 0) bytes.push_back(static_cast<std::byte>(group >> (6 - 2 * (i % 4))));
  }
  return bytes;
}

std::array<std::byte, 8> big_endian(std::uint64_t value) {
  std::array<std::byte, 8> bytes{};
  for (std::size_t i = 0; i < 8; ++i)
    bytes[i] = static_cast<std::byte>(value >> (56 - 8 * i));
  return bytes;
}

std::optional<std::uint64_t> crc_of(std::string_view text) {
  const auto bytes = unbase64(text);
  if (!bytes || bytes->size() != 8) return std::nullopt;
  std::uint64_t value = 0;
  for (const std::byte byte : *bytes)
    value = (value << 8) | static_cast<std::uint64_t>(byte);
  return value;
}

/// The length of the UTF-8 sequence at the beginning; 0: it is invalid.
std::size_t sequence_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  if (first == 0xe0 && byte(1) < 0xa0) return 0;  // overlong
  if (first == 0xed && byte(1) > 0x9f) return 0;  // surrogates
  if (first == 0xf0 && byte(1) < 0x90) return 0;  // overlong
  if (first == 0xf4 && byte(1) > 0x8f) return 0;  // beyond Unicode
  return length;
}

void put_escape(std::string& out, unsigned code) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4)
    out += kDigits[(code >> shift) & 15];
}

void put_ascii(std::string& out, char letter) {
  constexpr std::string_view kShort = "\"\\\b\f\n\r\t";
  constexpr std::string_view kLetters = "\"\\bfnrt";
  if (const std::size_t at = kShort.find(letter); at != std::string_view::npos) {
    out += '\\';
    out += kLetters[at];
  } else if (static_cast<unsigned char>(letter) < 0x20 || letter == '<' || letter == '>' ||
             letter == '&') {
    put_escape(out, static_cast<unsigned char>(letter));
  } else {
    out += letter;
  }
}

/// A string as Go's encoding/json writes it (reference §5.2).
std::string quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = sequence_bytes(text);
    const std::string_view letter = text.substr(0, std::max<std::size_t>(length, 1));
    if (length == 0) {
      put_escape(out, 0xfffd);
    } else if (length == 1) {
      put_ascii(out, text.front());
    } else if (letter == "\xe2\x80\xa8" || letter == "\xe2\x80\xa9") {
      put_escape(out, letter.back() == '\xa8' ? 0x2028 : 0x2029);
    } else {
      out += letter;
    }
    text.remove_prefix(letter.size());
  }
  return out + "\"";
}

std::string encode(const Configuration& configuration) {
  if (configuration.empty()) return R"({"Servers":null})";
  std::string out;
  for (const Server& server : configuration.servers) {
    out += out.empty() ? R"({"Servers":[)" : ",";
    out += R"({"Suffrage":)" + std::to_string(static_cast<std::int64_t>(server.suffrage)) +
           R"(,"ID":)" + quoted(server.id.value) + R"(,"Address":)" + quoted(server.address.value) +
           "}";
  }
  return out + "]}";
}

Failure malformed(const std::string& what) {
  return fail(Errc::corrupt, what + "; the snapshot cannot be used");
}

/// The value under a name, in any case as Go reads it; nullptr: absent or null.
const json::value* find(const json::object& object, std::string_view name) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (const auto& [key, value] : object) {
    const bool same = std::equal(key.begin(), key.end(), name.begin(), name.end(),
                                 [&](char a, char b) { return lower(a) == lower(b); });
    if (same && !value.is_null()) return &value;
  }
  return nullptr;
}

/// Absent counts as zero, as in Go.
Result<std::uint64_t> number(const json::object& object, std::string_view name) {
  const json::value* value = find(object, name);
  if (value == nullptr) return std::uint64_t{0};
  if (value->is_uint64()) return value->get_uint64();
  if (value->is_int64() && value->get_int64() >= 0) {
    return static_cast<std::uint64_t>(value->get_int64());
  }
  return malformed(std::string(name) + " is not a whole number");
}

Result<std::string> text(const json::object& object, std::string_view name) {
  const json::value* value = find(object, name);
  if (value == nullptr) return std::string{};
  if (!value->is_string()) return malformed(std::string(name) + " is not a text");
  return std::string(value->get_string());
}

Result<Server> decode_server(const json::value& value) {
  if (!value.is_object()) return malformed("a server is not an object");
  const json::object& object = value.get_object();
  PROA_TRY(const std::uint64_t suffrage, number(object, "Suffrage"));
  Server server{.suffrage = static_cast<Suffrage>(suffrage)};
  PROA_TRY(server.id.value, text(object, "ID"));
  PROA_TRY(server.address.value, text(object, "Address"));
  return server;
}

Result<Configuration> decode_configuration(const json::object& object) {
  Configuration configuration;
  const json::value* holder = find(object, "Configuration");
  if (holder == nullptr) return configuration;
  if (!holder->is_object()) return malformed("Configuration is not an object");
  const json::value* servers = find(holder->get_object(), "Servers");
  if (servers == nullptr) return configuration;
  if (!servers->is_array()) return malformed("Servers is not a list");
  for (const json::value& value : servers->get_array()) {
    PROA_TRY(Server server, decode_server(value));
    configuration.servers.push_back(std::move(server));
  }
  return configuration;
}

/// Version 0 knows the peers' addresses only.
Result<ConfigurationAt> decode_peers(const json::object& object, LogIndex snapshot) {
  PROA_TRY(const std::string encoded, text(object, "Peers"));
  auto bytes = unbase64(encoded);
  if (!bytes) return malformed("Peers is not base64");
  auto configuration = wire::decode_peers(*bytes);
  if (!configuration) return malformed("Peers: " + configuration.error().detail);
  return ConfigurationAt{.configuration = *std::move(configuration), .index = snapshot};
}

/// Our own key, if it is there, must fit the rest of the line.
Result<void> check_own_crc(std::string_view line) {
  while (line.ends_with('\n'))
    line.remove_suffix(1);
  const std::size_t at = line.rfind(kOwnKey);
  if (at == std::string_view::npos || !line.ends_with(kOwnEnd)) return {};
  std::string_view value = line.substr(at + kOwnKey.size());
  value.remove_suffix(kOwnEnd.size());
  const std::string without = std::string(line.substr(0, at)) + "}\n";
  if (crc_of(value) == crc64(view_of(without))) return {};
  return malformed("it does not match its checksum");
}

}  // namespace

std::string encode_meta(const MetaFile& file) {
  const SnapshotMeta& meta = file.meta;
  const SharedBytes peers = wire::encode_peers(meta.configuration.configuration);
  const std::string crc = file.crc ? "\"" + base64(big_endian(*file.crc)) + "\"" : "null";
  std::string line = R"({"Version":)" + std::to_string(meta.version) + R"(,"ID":)" +
                     quoted(meta.id) + R"(,"Index":)" + std::to_string(meta.last.index.value) +
                     R"(,"Term":)" + std::to_string(meta.last.term.value) + R"(,"Peers":")" +
                     base64(peers) + R"(","Configuration":)" +
                     encode(meta.configuration.configuration) + R"(,"ConfigurationIndex":)" +
                     std::to_string(meta.configuration.index.value) + R"(,"Size":)" +
                     std::to_string(meta.size) + R"(,"CRC":)" + crc;
  const std::string own = base64(big_endian(crc64(view_of(line + "}\n"))));
  return line + std::string(kOwnKey) + own + std::string(kOwnEnd) + "\n";
}

Result<MetaFile> decode_meta(std::string_view line) {
  PROA_TRY(check_own_crc(line));
  json::error_code error;
  const json::value parsed = json::parse({line.data(), line.size()}, error);
  if (error) return malformed("it is no JSON: " + error.message());
  if (!parsed.is_object()) return malformed("it is no JSON object");
  const json::object& object = parsed.get_object();

  MetaFile file;
  SnapshotMeta& meta = file.meta;
  PROA_TRY(const std::uint64_t version, number(object, "Version"));
  if (version > SnapshotMeta::kVersion) {
    return fail(Errc::unsupported_protocol, "snapshot version " + std::to_string(version) +
                                                " is newer than this program knows");
  }
  meta.version = static_cast<std::int64_t>(version);
  PROA_TRY(meta.id, text(object, "ID"));
  PROA_TRY(meta.last.index.value, number(object, "Index"));
  PROA_TRY(meta.last.term.value, number(object, "Term"));
  PROA_TRY(meta.size, number(object, "Size"));
  PROA_TRY(meta.configuration.index.value, number(object, "ConfigurationIndex"));
  PROA_TRY(meta.configuration.configuration, decode_configuration(object));
  if (version == 0) {
    PROA_TRY(meta.configuration, decode_peers(object, meta.last.index));
  }
  PROA_TRY(const std::string crc, text(object, "CRC"));
  file.crc = crc_of(crc);
  return file;
}

}  // namespace proa::store
