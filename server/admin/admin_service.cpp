#include "server/admin/admin_service.hpp"

#include <utility>

#include "server/call_kinds.hpp"

namespace proa::server {
namespace {

std::uint8_t number_of(CallKind kind) { return static_cast<std::uint8_t>(kind); }

/// What every handler needs; outlived by the server of calls.
struct Context {
  CallServer& server;
  std::shared_ptr<Runtime> runtime;
  Raft& raft;
  AboutServer about;
};

void answer_status(const std::shared_ptr<Context>& context) {
  context->server.on(number_of(CallKind::status), [context](const CallHello&, const SharedBytes&,
                                                            CallRespond respond) {
    respond(encode(status_of(context->about, context->raft.status(), context->runtime->now())));
  });
  context->server.on(number_of(CallKind::standing),
                     [context](const CallHello&, const SharedBytes&, CallRespond respond) {
                       respond(encode(standing_of(context->about, context->raft.status())));
                     });
}

}  // namespace

ServerStatus status_of(const AboutServer& about, const Status& raft, Instant now) {
  ServerStatus status{.id = about.id,
                      .version = about.version,
                      .phase = ServerStatus::Phase::running,
                      .client_address = about.client_address,
                      .raft = raft};
  if (raft.last_contact) {
    const Duration age = now - *raft.last_contact;
    status.contact_milliseconds =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, age / std::chrono::milliseconds{1}));
  }
  return status;
}

Standing standing_of(const AboutServer& about, const Status& raft) {
  const Configuration& configuration = raft.latest_configuration.configuration;
  return {.kind = configuration.empty() ? Standing::Kind::waiting : Standing::Kind::member,
          .id = about.id,
          .cluster = about.cluster,
          .configuration = configuration};
}

void serve_admin(CallServer& server, std::shared_ptr<Runtime> runtime, Raft& raft,
                 const AboutServer& about) {
  const auto context = std::make_shared<Context>(
      Context{.server = server, .runtime = std::move(runtime), .raft = raft, .about = about});
  answer_status(context);
}

}  // namespace proa::server
