#include "server/admin/messages.hpp"

namespace proa::server {
namespace {

constexpr std::uint32_t kServersMax = 1000;

void encode(const LogPosition& position, CallWriter& into) {
  into.u64(position.term.value).u64(position.index.value);
}

LogPosition decode_position(CallReader& from) {
  LogPosition position;
  position.term = {from.u64()};
  position.index = {from.u64()};
  return position;
}

void encode(const ConfigurationAt& at, CallWriter& into) {
  into.u64(at.index.value);
  server::encode(at.configuration, into);
}

ConfigurationAt decode_configuration_at(CallReader& from) {
  ConfigurationAt at;
  at.index = {from.u64()};
  at.configuration = decode_configuration(from);
  return at;
}

template <class Enumeration>
Enumeration enumerator(CallReader& from, Enumeration last, bool& known) {
  const std::uint8_t value = from.u8();
  known = known && value <= static_cast<std::uint8_t>(last);
  return known ? static_cast<Enumeration>(value) : Enumeration{};
}

Failure unknown_value(const char* what) {
  return fail(Errc::protocol_error,
              std::string{what} + " holds a value that only a newer version knows");
}

void encode(const Status& status, CallWriter& into) {
  into.u8(static_cast<std::uint8_t>(status.role)).u64(status.term.value);
  into.flag(status.leader.has_value()).server(status.leader.value_or(Server{}));
  encode(status.last_log, into);
  into.u64(status.commit_index.value).u64(status.durable_index.value);
  into.u64(status.applied_index.value);
  encode(status.snapshot, into);
  encode(status.latest_configuration, into);
  encode(status.committed_configuration, into);
}

Status decode_raft_status(CallReader& from, bool& known) {
  Status status;
  status.role = enumerator(from, Role::shutdown, known);
  status.term = {from.u64()};
  const bool has_leader = from.flag();
  const Server leader = from.server();
  if (has_leader) status.leader = leader;
  status.last_log = decode_position(from);
  status.commit_index = {from.u64()};
  status.durable_index = {from.u64()};
  status.applied_index = {from.u64()};
  status.snapshot = decode_position(from);
  status.latest_configuration = decode_configuration_at(from);
  status.committed_configuration = decode_configuration_at(from);
  return status;
}

}  // namespace

void encode(const Configuration& configuration, CallWriter& into) {
  into.u32(static_cast<std::uint32_t>(configuration.servers.size()));
  for (const Server& server : configuration.servers)
    into.server(server);
}

Configuration decode_configuration(CallReader& from) {
  Configuration configuration;
  const std::uint32_t count = from.u32();
  for (std::uint32_t number = 0; number < count && number < kServersMax && !from.failed(); ++number)
    configuration.servers.push_back(from.server());
  return configuration;
}

SharedBytes encode(const Standing& standing) {
  CallWriter writer;
  writer.u8(static_cast<std::uint8_t>(standing.kind)).text(standing.id.value);
  writer.text(standing.cluster);
  encode(standing.configuration, writer);
  return writer.take();
}

Result<Standing> decode_standing(ByteView bytes) {
  CallReader reader{bytes};
  bool known = true;
  Standing standing;
  standing.kind = enumerator(reader, Standing::Kind::waiting, known);
  standing.id = {reader.text()};
  standing.cluster = reader.text();
  standing.configuration = decode_configuration(reader);
  PROA_TRY(reader.finish("a standing"));
  if (!known) return unknown_value("a standing");
  return standing;
}

SharedBytes encode(const ServerStatus& status) {
  CallWriter writer;
  writer.text(status.id.value).text(status.version).u8(static_cast<std::uint8_t>(status.phase));
  writer.text(status.waits_for).text(status.client_address);
  writer.flag(status.contact_milliseconds.has_value());
  writer.u64(status.contact_milliseconds.value_or(0));
  encode(status.raft, writer);
  return writer.take();
}

Result<ServerStatus> decode_status(ByteView bytes) {
  CallReader reader{bytes};
  bool known = true;
  ServerStatus status;
  status.id = {reader.text()};
  status.version = reader.text();
  status.phase = enumerator(reader, ServerStatus::Phase::running, known);
  status.waits_for = reader.text();
  status.client_address = reader.text();
  const bool has_contact = reader.flag();
  const std::uint64_t contact = reader.u64();
  if (has_contact) status.contact_milliseconds = contact;
  status.raft = decode_raft_status(reader, known);
  PROA_TRY(reader.finish("a status"));
  if (!known) return unknown_value("a status");
  return status;
}

}  // namespace proa::server
