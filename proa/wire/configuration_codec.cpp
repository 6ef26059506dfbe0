#include "proa/wire/configuration_codec.hpp"

#include "proa/wire/msgpack_reader.hpp"
#include "proa/wire/msgpack_writer.hpp"

namespace proa::wire {
namespace {

bool read_text(MsgpackReader& in, std::string& value) {
  ByteView text;
  if (!in.text(text)) return false;
  value = text_of(text);
  return true;
}

bool read_server(MsgpackReader& in, Server& server) {
  static constexpr std::string_view kDeclared[] = {"Suffrage", "ID", "Address"};
  return read_struct(in, kDeclared, [&](std::string_view name) {
    if (name == "ID") return read_text(in, server.id.value);
    if (name == "Address") return read_text(in, server.address.value);
    if (name != "Suffrage") return in.skip();
    std::int64_t suffrage = 0;
    if (!in.signed_number(suffrage)) return false;
    server.suffrage = static_cast<Suffrage>(suffrage);
    return true;
  });
}

bool read_servers(MsgpackReader& in, std::vector<Server>& servers) {
  servers.clear();
  return read_list(in, [&] { return read_server(in, servers.emplace_back()); });
}

Failure malformed(const MsgpackReader& in, const std::string& what) {
  return fail(Errc::protocol_error, what + " does not decode: " +
                                        (in.incomplete() ? "it ends inside a value" : in.error()));
}

}  // namespace

SharedBytes encode_configuration(const Configuration& configuration) {
  MsgpackWriter out;
  out.map_header(1);
  out.key("Servers");
  out.array_header(configuration.servers.size());
  for (const Server& server : configuration.servers) {
    out.map_header(3);
    out.key("Address");
    out.string(view_of(server.address.value));
    out.key("ID");
    out.string(view_of(server.id.value));
    out.key("Suffrage");
    out.signed_number(static_cast<std::int64_t>(server.suffrage));
  }
  return SharedBytes::take(out.take());
}

Result<Configuration> decode_configuration(ByteView bytes) {
  static constexpr std::string_view kDeclared[] = {"Servers"};
  MsgpackReader in{bytes};
  Configuration configuration;
  const bool is_read = read_struct(in, kDeclared, [&](std::string_view name) {
    return name == "Servers" ? read_servers(in, configuration.servers) : in.skip();
  });
  if (!is_read) return malformed(in, "a configuration");
  return configuration;
}

SharedBytes encode_peers(const Configuration& configuration) {
  MsgpackWriter out;
  if (configuration.voters() == 0) {
    out.nil();
  } else {
    out.array_header(configuration.voters());
  }
  for (const Server& server : configuration.servers) {
    if (server.suffrage == Suffrage::voter) out.string(view_of(server.address.value));
  }
  return SharedBytes::take(out.take());
}

Result<Configuration> decode_peers(ByteView bytes) {
  MsgpackReader in{bytes};
  Configuration configuration;
  const bool is_read = read_list(in, [&] {
    ByteView address;
    if (!in.bytes(address)) return false;
    const std::string text{text_of(address)};
    configuration.servers.push_back({Suffrage::voter, {text}, {text}});
    return true;
  });
  if (!is_read) return malformed(in, "a list of peers");
  return configuration;
}

}  // namespace proa::wire
