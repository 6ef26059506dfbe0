#include "proa/transport/call_client.hpp"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "proa/transport/call_codec.hpp"
#include "proa/transport/detail/backoff.hpp"
#include "proa/transport/detail/call_connection.hpp"

namespace proa {

/// The connection of a CallClient and what is open on it. Threads: the loop.
class CallOutbound final : public CallConnectionOwner,
                           public std::enable_shared_from_this<CallOutbound> {
 public:
  CallOutbound(std::shared_ptr<Runtime> runtime, std::shared_ptr<StreamLayer> streams,
               ServerAddress to, CallOptions options)
      : runtime_(std::move(runtime)),
        streams_(std::move(streams)),
        to_(std::move(to)),
        options_(std::move(options)),
        backoff_(options_.redial_first, options_.redial_last, Random{runtime_->seed()}),
        silence_(options_.silent_first, options_.silent_last, Random{runtime_->seed()}) {}

  void call(std::uint8_t kind, SharedBytes body, Duration limit, CallClient::Done done);
  void cancel();
  const std::optional<CallHello>& hello() const { return hello_; }

  bool takes_frames() const override { return true; }
  Result<void> on_hello(const CallHello& theirs) override;
  Result<void> on_frame(const CallFrame& frame, SharedBytes body) override;
  void on_end(const Error& why) override;

 private:
  struct Call {
    std::uint8_t kind = 0;
    SharedBytes body = {};  ///< until it is sent
    std::size_t bytes = 0;
    Instant due = {};
    std::optional<Instant> sent_at = {};
    CallClient::Done done = {};
  };
  using Calls = std::map<std::uint64_t, Call>;  ///< by number, which grows

  std::optional<Error> refusal(std::size_t bytes) const;
  void dial();
  void on_dialled(Result<std::unique_ptr<Stream>> stream);
  void send(std::uint64_t number, Call& call);
  Call take(Calls::iterator call);
  void fail_all(const Error& why);
  void fail(Error why);
  void watch();
  void on_due();

  std::shared_ptr<Runtime> runtime_;
  std::shared_ptr<StreamLayer> streams_;
  ServerAddress to_;
  CallOptions options_;
  Backoff backoff_;
  Backoff silence_;  ///< of a server that closes without a hello

  std::unique_ptr<Dialing> dialing_ = {};
  std::shared_ptr<CallConnection> connection_ = {};
  std::optional<CallHello> hello_ = {};
  Instant hello_due_ = Instant::never();
  Instant redial_at_ = {};
  Error last_failure_ = {};

  Calls open_ = {};
  std::set<std::pair<Instant, std::uint64_t>> due_ = {};
  std::size_t open_bytes_ = 0;
  std::uint64_t last_number_ = 0;
  TimerId timer_ = {};
  Instant timer_due_ = Instant::never();
};

// ---- Calls ----

std::optional<Error> CallOutbound::refusal(std::size_t bytes) const {
  const auto not_executed = [](Errc code, std::string detail) {
    return Error{.code = code, .outcome = Outcome::not_executed, .detail = std::move(detail)};
  };
  if (bytes > options_.call_bytes_max) {
    return not_executed(Errc::command_too_large, "a call of " + std::to_string(bytes) +
                                                     " bytes is beyond call_bytes_max = " +
                                                     std::to_string(options_.call_bytes_max));
  }
  if (open_.size() >= options_.open_calls_max || open_bytes_ >= options_.open_bytes_max) {
    return not_executed(Errc::busy, std::to_string(open_.size()) + " calls to " + to_.value +
                                        " are open, no more are taken");
  }
  if (connection_ == nullptr && dialing_ == nullptr && runtime_->now() < redial_at_) {
    return not_executed(last_failure_.code, last_failure_.detail);
  }
  return {};
}

void CallOutbound::call(std::uint8_t kind, SharedBytes body, Duration limit,
                        CallClient::Done done) {
  if (auto refused = refusal(body.size())) {
    return runtime_->loop().post([done = std::move(done), why = std::move(*refused)]() mutable {
      done(proa::fail(std::move(why)));
    });
  }
  const std::uint64_t number = ++last_number_;
  const std::size_t bytes = body.size();
  const Instant due = runtime_->now() + limit;
  const auto call = open_.emplace(number, Call{.kind = kind,
                                               .body = std::move(body),
                                               .bytes = bytes,
                                               .due = due,
                                               .done = std::move(done)});
  open_bytes_ += bytes;
  due_.emplace(due, number);
  watch();
  if (hello_) return send(number, call.first->second);
  if (connection_ == nullptr && dialing_ == nullptr) dial();
}

void CallOutbound::send(std::uint64_t number, Call& call) {
  call.sent_at = runtime_->now();
  const CallFrame frame{.type = CallFrameType::request,
                        .kind = call.kind,
                        .number = number,
                        .body_bytes = call.bytes};
  connection_->send(frame, std::exchange(call.body, {}));
}

CallOutbound::Call CallOutbound::take(Calls::iterator call) {
  Call taken = std::move(call->second);
  open_bytes_ -= taken.bytes;
  due_.erase({taken.due, call->first});
  open_.erase(call);
  return taken;
}

// ---- The connection ----

void CallOutbound::dial() {
  dialing_ = streams_->dial(to_, options_.dial_limit,
                            [weak = weak_from_this()](Result<std::unique_ptr<Stream>> stream) {
                              if (const auto self = weak.lock())
                                self->on_dialled(std::move(stream));
                            });
}

void CallOutbound::on_dialled(Result<std::unique_ptr<Stream>> stream) {
  dialing_.reset();
  if (!stream) return fail(std::move(stream).error());
  connection_ = std::make_shared<CallConnection>(runtime_, std::move(*stream), options_, *this);
  connection_->send_hello();
  connection_->start();
  hello_due_ = runtime_->now() + options_.hello_limit;
  watch();
}

Result<void> CallOutbound::on_hello(const CallHello& theirs) {
  const std::string& group = options_.hello.group;
  if (!group.empty() && theirs.group != group) {
    return proa::fail(Errc::protocol_error,
                      "it serves group " + theirs.group + ", not group " + group);
  }
  hello_ = theirs;
  hello_due_ = Instant::never();
  backoff_.succeeded();
  silence_.succeeded();
  for (auto& [number, call] : open_)
    send(number, call);
  return {};
}

Result<void> CallOutbound::on_frame(const CallFrame& frame, SharedBytes body) {
  if (frame.type == CallFrameType::request)
    return proa::fail(Errc::protocol_error, "it sent a request where answers belong");
  const auto found = open_.find(frame.number);
  if (found == open_.end()) return {};  // its time was over
  if (frame.type == CallFrameType::answer) {
    take(found).done(std::move(body));
    return {};
  }
  CallReader reader{body};
  Error error = decode_error(reader);
  PROA_TRY(reader.finish("its failure"));
  take(found).done(proa::fail(std::move(error)));
  return {};
}

void CallOutbound::on_end(const Error& why) {
  Error reason = why;
  if (!hello_ && why.code == Errc::peer_unreachable) {
    reason = {.code = Errc::unsupported_protocol,
              .detail =
                  "it closed without a hello of Proa's own protocol; it may be a "
                  "hashicorp/raft server, or one that is just starting"};
  }
  fail(std::move(reason));
}

void CallOutbound::fail(Error why) {
  const bool was_silent = connection_ != nullptr && !hello_;
  const Duration pause = was_silent ? silence_.failed() : backoff_.failed();
  redial_at_ = runtime_->now() + pause;
  if (connection_ != nullptr) connection_->close();
  connection_.reset();
  hello_.reset();
  hello_due_ = Instant::never();
  const bool named = why.detail.find(to_.value) != std::string::npos;
  last_failure_ = {.code = why.code,
                   .detail = named ? std::move(why.detail) : to_.value + ": " + why.detail};
  fail_all(last_failure_);
}

// The callbacks may call again, or let go of the client.
void CallOutbound::fail_all(const Error& why) {
  const auto self = shared_from_this();
  due_.clear();
  open_bytes_ = 0;
  for (auto& [number, call] : std::exchange(open_, {})) {
    Error error = why;
    error.outcome = call.sent_at ? Outcome::unknown : Outcome::not_executed;
    call.done(proa::fail(std::move(error)));
  }
}

void CallOutbound::cancel() {
  runtime_->cancel_timer(timer_);
  dialing_.reset();
  if (connection_ != nullptr) connection_->close();
  connection_.reset();
  hello_.reset();
  fail_all({.code = Errc::shutdown, .detail = "calls to " + to_.value + " have been given up"});
}

// ---- Time ----

void CallOutbound::watch() {
  const Instant due = std::min(hello_due_, due_.empty() ? Instant::never() : due_.begin()->first);
  if (due >= timer_due_) return;
  runtime_->cancel_timer(timer_);
  timer_due_ = due;
  timer_ = runtime_->start_timer(due, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->timer_due_ = Instant::never();
    self->on_due();
    self->watch();
  });
}

void CallOutbound::on_due() {
  const Instant now = runtime_->now();
  if (hello_due_ <= now) {
    fail({.code = Errc::deadline, .detail = "it sent no hello in time"});
    return;
  }
  std::vector<Call> late;
  while (!due_.empty() && due_.begin()->first <= now)
    late.push_back(take(open_.find(due_.begin()->second)));
  bool is_dead = false;
  for (Call& call : late) {
    is_dead = is_dead || (call.sent_at && hello_ && connection_->heard_at() <= *call.sent_at);
  }
  for (Call& call : late) {
    call.done(proa::fail(Error{.code = Errc::deadline,
                               .outcome = call.sent_at ? Outcome::unknown : Outcome::not_executed,
                               .detail = to_.value + " has not answered in time"}));
  }
  // Not a byte since the call left: whatever is behind that connection, it is not listening.
  if (is_dead && hello_) fail({.code = Errc::peer_unreachable, .detail = "it has fallen silent"});
}

CallClient::CallClient(std::shared_ptr<Runtime> runtime, std::shared_ptr<StreamLayer> streams,
                       ServerAddress to, CallOptions options)
    : outbound_(std::make_shared<CallOutbound>(std::move(runtime), std::move(streams),
                                               std::move(to), std::move(options))) {}

CallClient::~CallClient() { outbound_->cancel(); }

void CallClient::call(std::uint8_t kind, SharedBytes body, Duration limit, Done done) {
  outbound_->call(kind, std::move(body), limit, std::move(done));
}

std::optional<CallHello> CallClient::hello() const { return outbound_->hello(); }

}  // namespace proa
