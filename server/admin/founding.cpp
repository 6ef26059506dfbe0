#include "server/admin/founding.hpp"

#include <algorithm>
#include <utility>

#include "server/admin/identity.hpp"
#include "server/call_kinds.hpp"

namespace proa::server {
namespace {

std::uint8_t number_of(CallKind kind) { return static_cast<std::uint8_t>(kind); }

SharedBytes body_of(const Configuration& configuration) {
  CallWriter writer;
  encode(configuration, writer);
  return writer.take();
}

Failure refused(Errc code, std::string detail) {
  return fail(Error{.code = code, .outcome = Outcome::not_executed, .detail = std::move(detail)});
}

std::string without_advice(const std::string& detail) {
  return detail.substr(0, detail.find("; "));
}

}  // namespace

std::string to_string(const std::vector<Listed>& cluster) {
  std::string text;
  for (const Listed& server : cluster)
    text += (text.empty() ? "" : ",") + server.name + "=" + server.address.value;
  return text;
}

Founding::Founding(std::shared_ptr<Runtime> runtime, std::shared_ptr<StreamLayer> streams,
                   std::shared_ptr<FoundingStore> store, FoundingOptions options)
    : runtime_(std::move(runtime)),
      streams_(std::move(streams)),
      store_(std::move(store)),
      options_(std::move(options)),
      held_(options_.held),
      leader_calls_(std::make_shared<LeaderCalls>(runtime_, streams_, options_.calls)) {
  PROA_ASSERT(!options_.cluster.empty());
}

std::string Founding::own_name() const { return std::string{name_of(options_.id)}; }

Standing Founding::standing() const {
  Standing standing{.id = options_.id, .cluster = to_string(options_.cluster)};
  if (held_) standing.configuration = *held_;
  if (held_) standing.kind = is_done_ ? Standing::Kind::member : Standing::Kind::holding;
  if (is_waiting_) standing.kind = Standing::Kind::waiting;
  return standing;
}

// ---- Answering ----

void Founding::start(CallServer& server, Done done) {
  done_ = std::move(done);
  const auto answer = [&server, weak = weak_from_this()](CallKind kind, auto what) {
    server.on(number_of(kind), [weak, what](const CallHello&, const SharedBytes& body,
                                            CallRespond respond) {
      const auto self = weak.lock();
      if (self != nullptr) return respond(what(*self, body));
      respond(refused(Errc::busy, "this server is between founding and running; ask again"));
    });
  };
  answer(CallKind::standing, [](Founding& self, const SharedBytes&) -> Result<SharedBytes> {
    return encode(self.standing());
  });
  answer(CallKind::found, [](Founding& self, const SharedBytes& body) -> Result<SharedBytes> {
    CallReader reader{body};
    const Configuration configuration = decode_configuration(reader);
    PROA_TRY(reader.finish("a configuration"));
    PROA_TRY(self.on_found(configuration));
    return SharedBytes{};
  });
  answer(CallKind::begin, [](Founding& self, const SharedBytes& body) -> Result<SharedBytes> {
    CallReader reader{body};
    const Configuration configuration = decode_configuration(reader);
    PROA_TRY(reader.finish("a configuration"));
    if (self.held_ != configuration) return refused(Errc::cannot_bootstrap, "it is not held here");
    self.conclude();
    return SharedBytes{};
  });
  for (const Listed& other : options_.cluster) {
    if (other.name == own_name()) continue;
    others_.push_back({.server = other,
                       .client = std::make_unique<CallClient>(runtime_, streams_, other.address,
                                                              options_.calls)});
  }
  runtime_->loop().post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->ask_all();
  });
}

void Founding::stop() {
  done_ = {};
  is_done_ = true;
  runtime_->cancel_timer(timer_);
  others_.clear();
  leader_calls_.reset();
}

Result<void> Founding::on_found(const Configuration& configuration) {
  if (is_waiting_) return refused(Errc::cannot_bootstrap, own_name() + " has found a cluster");
  if (held_ && *held_ == configuration) return {};
  if (held_) {
    return refused(Errc::cannot_bootstrap,
                   own_name() + " holds another configuration already: " + to_string(*held_));
  }
  const Server* const self = configuration.find(options_.id);
  if (self == nullptr || configuration.servers.size() != options_.cluster.size()) {
    return refused(Errc::cannot_bootstrap, own_name() + " is " + options_.id.value +
                                               " and was started with the list " +
                                               to_string(options_.cluster));
  }
  PROA_TRY(validate(configuration));
  PROA_TRY(store_->hold(configuration));
  held_ = configuration;
  return {};
}

// ---- Asking ----

void Founding::ask_all() {
  if (is_done_) return;
  unanswered_ = others_.size();
  if (unanswered_ == 0) return evaluate();
  for (std::size_t which = 0; which < others_.size(); ++which) {
    others_[which].standing.reset();
    others_[which].client->call(number_of(CallKind::standing), {}, options_.call_limit,
                                [weak = weak_from_this(), which](Result<SharedBytes> answer) {
                                  const auto self = weak.lock();
                                  if (self != nullptr && !self->is_done_)
                                    self->on_standing(which, std::move(answer));
                                });
  }
}

void Founding::on_standing(std::size_t which, Result<SharedBytes> answer) {
  if (answer) {
    others_[which].standing = decode_standing(*answer);
  } else {
    others_[which].standing = fail(std::move(answer).error());
  }
  PROA_ASSERT(unanswered_ > 0);
  if (--unanswered_ == 0) evaluate();
}

void Founding::evaluate() {
  const Asked* existing = nullptr;
  for (const Asked& asked : others_) {
    if (!*asked.standing || (**asked.standing).kind != Standing::Kind::member) continue;
    existing = &asked;
    if ((**existing->standing).configuration.is_member(options_.id)) break;
  }
  if (existing != nullptr) return follow(**existing->standing, existing->server.address);
  if (!leads()) {
    return again_later(name_of_first() +
                       ", the first of the list, to found the cluster once all are there");
  }
  std::string missing = what_is_missing();
  if (!missing.empty()) return again_later(std::move(missing));
  if (!held_) {
    const Configuration configuration = collected();
    if (auto valid = validate(configuration); !valid) return finish(fail(valid.error()));
    if (auto stored = store_->hold(configuration); !stored) return finish(fail(stored.error()));
    held_ = configuration;
  }
  send_to_all();
}

/// There is a cluster already. Raft runs here once that counts on this very server: what answered
/// at the address of one that lost its disk would be taken for it, and might vote a second time.
void Founding::follow(const Standing& member, const ServerAddress& at) {
  const bool counts_us = member.configuration.is_member(options_.id);
  if (held_ && counts_us) return conclude();
  if (held_) {
    return finish(refused(Errc::invalid_config,
                          "the data of " + options_.id.value +
                              " is of a cluster that was never founded, and " + member.id.value +
                              " belongs to another one; empty the data directory to join that"));
  }
  if (counts_us) return finish(Founded{.joins = true, .configuration = member.configuration});
  is_waiting_ = true;
  const bool is_known = std::ranges::any_of(
      member.configuration.servers,
      [this](const Server& server) { return name_of(server.id) == own_name(); });
  if (!is_known) ask_to_be_added(at);
  again_later("the cluster to count on " + options_.id.value + ": " +
              (is_known ? what_heals(member.configuration) : "it has been asked to"));
}

// Without a vote at first: it could not use it before it has the log, and others would wait for it.
void Founding::ask_to_be_added(const ServerAddress& at) {
  if (asks_to_be_added_) return;
  if (auto noted = store_->join(); !noted) return finish(fail(noted.error()));
  asks_to_be_added_ = true;
  const Server self{.suffrage = Suffrage::nonvoter, .id = options_.id, .address = options_.address};
  leader_calls_->call(at,
                      {.kind = CallKind::add,
                       .body = CallWriter{}.u64(0).server(self).take(),
                       .limit = options_.call_limit},
                      [weak = weak_from_this()](const Result<SharedBytes>& answer) {
                        const auto self_again = weak.lock();
                        if (self_again == nullptr) return;
                        self_again->asks_to_be_added_ = false;
                        if (answer) return;
                        self_again->options_.logger->log(LogLevel::info,
                                                         "not added yet: " + answer.error().detail);
                      });
}

/// The command that makes this server a member.
std::string Founding::what_heals(const Configuration& existing) const {
  const auto old = std::ranges::find(existing.servers, own_name(),
                                     [](const Server& server) { return name_of(server.id); });
  PROA_ASSERT(old != existing.servers.end());
  return "it counts on " + old->id.value + ", and if the data of that is lost, say so with " +
         "proa member remove " + old->id.value + ", then proa member add " + options_.address.value;
}

// Empty: every server of the list can be founded with.
std::string Founding::what_is_missing() const {
  std::string missing;
  for (const Asked& asked : others_) {
    const Result<std::string> wrong = what_contradicts(asked);
    const std::string text = wrong ? *wrong : without_advice(wrong.error().detail);
    if (text.empty()) continue;
    missing += (missing.empty() ? "" : ", ") + asked.server.name + " (" + text + ")";
  }
  return missing;
}

Result<std::string> Founding::what_contradicts(const Asked& asked) const {
  PROA_TRY(const Standing other, *asked.standing);
  if (name_of(other.id) != asked.server.name) return "there is " + other.id.value;
  if (other.cluster != to_string(options_.cluster)) return "was started with " + other.cluster;
  if (other.kind == Standing::Kind::waiting) return std::string{"waits to be added to a cluster"};
  if (held_ && !held_->is_member(other.id)) {
    return "has lost its data since founding began; empty the data directories of all servers "
           "and start them again";
  }
  const bool holds = other.kind == Standing::Kind::holding;
  if (holds && (!held_ || other.configuration != *held_)) {
    return "holds the configuration of a founding that was interrupted; empty its data directory "
           "and start it again";
  }
  return std::string{};
}

Configuration Founding::collected() const {
  Configuration configuration;
  for (const Listed& listed : options_.cluster) {
    ServerId id = options_.id;
    for (const Asked& asked : others_)
      if (asked.server.name == listed.name) id = (**asked.standing).id;
    configuration.servers.push_back(
        {.suffrage = Suffrage::voter, .id = std::move(id), .address = listed.address});
  }
  return configuration;
}

// ---- Sending ----

void Founding::send_to_all() {
  unanswered_ = others_.size();
  if (unanswered_ == 0) return conclude();
  for (std::size_t which = 0; which < others_.size(); ++which) {
    others_[which].confirmed = false;
    others_[which].client->call(
        number_of(CallKind::found), body_of(*held_), options_.call_limit,
        [weak = weak_from_this(), which](const Result<SharedBytes>& answer) {
          const auto self = weak.lock();
          if (self != nullptr && !self->is_done_) self->on_confirmed(which, answer);
        });
  }
}

void Founding::on_confirmed(std::size_t which, const Result<SharedBytes>& answer) {
  Asked& asked = others_[which];
  asked.confirmed = answer.has_value();
  if (!answer) refusal_ = asked.server.name + ": " + answer.error().detail;
  PROA_ASSERT(unanswered_ > 0);
  if (--unanswered_ > 0) return;
  if (!std::ranges::all_of(others_, &Asked::confirmed)) return again_later(refusal_);
  conclude();
}

/// Everybody holds the configuration: the cluster exists.
void Founding::conclude() {
  if (is_done_) return;
  if (auto confirmed = store_->confirm(); !confirmed) return finish(fail(confirmed.error()));
  const bool tells = leads();
  finish(Founded{.configuration = *held_});
  // Whoever misses this asks again by itself.
  for (std::size_t which = 0; tells && which < others_.size(); ++which) {
    others_[which].client->call(number_of(CallKind::begin), body_of(*held_), options_.call_limit,
                                [self = shared_from_this()](const Result<SharedBytes>&) {});
  }
}

// ---- The end of a round ----

void Founding::again_later(std::string waits_for) {
  if (is_done_) return;
  waits_for_ = std::move(waits_for);
  if (waits_for_ != said_) options_.logger->log(LogLevel::info, "waiting for " + waits_for_);
  said_ = waits_for_;
  timer_ = runtime_->start_timer(runtime_->now() + options_.pause, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->ask_all();
  });
}

void Founding::finish(Result<Founded> result) {
  if (std::exchange(is_done_, true)) return;
  waits_for_.clear();
  runtime_->loop().post([done = std::exchange(done_, {}), result = std::move(result)]() mutable {
    if (done) done(std::move(result));
  });
}

}  // namespace proa::server
