#include "server/admin/admin_service.hpp"

#include <algorithm>
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

/// What a change of the cluster needs: a body, and a future that answers the call.
template <class Change>
void answer_change(const std::shared_ptr<Context>& context, CallKind kind, Change change) {
  context->server.on(number_of(kind), [context, change](const CallHello&, const SharedBytes& body,
                                                        CallRespond respond) {
    CallReader reader{body};
    Result<Future<LogIndex>> changing = change(context->raft, reader);
    if (!changing) return respond(fail(std::move(changing).error()));
    std::move(*changing).then([respond = std::move(respond)](Result<LogIndex> index) mutable {
      if (!index) return respond(fail(std::move(index).error()));
      respond(CallWriter{}.u64(index->value).take());
    });
  });
}

void answer_changes(const std::shared_ptr<Context>& context) {
  using Changing = Result<Future<LogIndex>>;
  answer_change(context, CallKind::add, [](Raft& raft, CallReader& reader) -> Changing {
    const LogIndex based_on{reader.u64()};
    Server server = reader.server();
    PROA_TRY(reader.finish("a call to add a server"));
    return server.suffrage == Suffrage::voter ? raft.add_voter(std::move(server), based_on)
                                              : raft.add_nonvoter(std::move(server), based_on);
  });
  answer_change(context, CallKind::remove, [](Raft& raft, CallReader& reader) -> Changing {
    const LogIndex based_on{reader.u64()};
    ServerId id{reader.text()};
    PROA_TRY(reader.finish("a call to remove a server"));
    return raft.remove_server(std::move(id), based_on);
  });
  answer_change(context, CallKind::demote, [](Raft& raft, CallReader& reader) -> Changing {
    const LogIndex based_on{reader.u64()};
    ServerId id{reader.text()};
    PROA_TRY(reader.finish("a call to demote a server"));
    return raft.demote_voter(std::move(id), based_on);
  });
}

void answer_transfer(const std::shared_ptr<Context>& context) {
  context->server.on(number_of(CallKind::transfer),
                     [context](const CallHello&, const SharedBytes& body, CallRespond respond) {
                       CallReader reader{body};
                       const ServerId to{reader.text()};
                       if (auto whole = reader.finish("a call to hand leadership over"); !whole)
                         return respond(fail(std::move(whole).error()));
                       context->raft
                           .leadership_transfer(to.value.empty() ? std::nullopt : std::optional{to})
                           .then([respond = std::move(respond)](Result<void> done) mutable {
                             if (!done) return respond(fail(std::move(done).error()));
                             respond(SharedBytes{});
                           });
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
  answer_changes(context);
  answer_transfer(context);
}

}  // namespace proa::server
