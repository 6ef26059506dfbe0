#include "server/detail/client_connection.hpp"

#include <utility>

#include "server/detail/error_text.hpp"
#include "server/detail/local_commands.hpp"

namespace proa::server {

namespace {
constexpr std::size_t kReceiveChunkBytes = std::size_t{16} << 10;

/// Every request of HTTP with a body begins with one of these or soon has the other; what follows
/// in the body would be taken for commands.
bool is_of_http(ByteView word) { return same_word(word, "POST") || same_word(word, "Host:"); }
}  // namespace

ClientConnection::ClientConnection(Session session, std::unique_ptr<Stream> stream,
                                   Fn<void()> closed)
    : session_(std::move(session)),
      stream_(std::move(stream)),
      closed_(std::move(closed)),
      received_(kReceiveChunkBytes),
      parser_(session_.server->options.request) {}

void ClientConnection::await_bytes() {
  stream_.await_bytes<&ClientConnection::on_readable>(weak_from_this());
}

void ClientConnection::close() {
  stream_.close();
  closed_ = {};
}

void ClientConnection::finish() {
  finishing_ = true;
  flush_later();
}

void ClientConnection::refuse(std::string_view error) {
  answer_error(error);
  finish();
}

// ---- Reading ----

void ClientConnection::on_readable() {
  const auto arrived = stream_->read_some(received_.space());
  if (!arrived) return end_of_stream(arrived.error());
  received_.received(*arrived);
  take_requests();
}

bool ClientConnection::may_take() const {
  const RedisServerOptions& options = session_.server->options;
  return !finishing_ && slots_.size() < options.commands_in_flight_max &&
         bytes_in_flight_ < options.bytes_in_flight_max &&
         outbox_.bytes() < options.unsent_bytes_max;
}

void ClientConnection::take_requests() {
  stalled_ = false;
  while (take_request()) {
  }
  submit();
  flush_later();
}

// False: it has to wait for bytes, or for answers.
bool ClientConnection::take_request() {
  stalled_ = !may_take();
  if (stalled_) return false;
  if (!held_) {
    const SharedBytes unread = received_.unread();
    auto request = parser_.next(unread);
    if (!request) {
      malformed(request.error());
      return false;
    }
    if (!request->has_value()) {
      await_bytes();
      return false;
    }
    held_ = std::move(**request);
    received_.take(held_->bytes, ReceiveBuffer::Taken::kept);
  }
  take(*held_);
  if (!stalled_) held_.reset();
  return !stalled_;
}

void ClientConnection::malformed(const Error& error) {
  session_.server->log(LogLevel::warn, "client " + session_.remote + " is closed: " + error.detail);
  refuse("ERR " + error.detail);
}

// ---- Requests ----

// Leaves the request where it is, and stalls, if it has to wait for answers.
void ClientConnection::take(const resp::Request& request) {
  const Arguments arguments = request.arguments;
  if (arguments.empty()) return;
  const CommandSpec* const command = find_command(arguments.front());
  if (command == nullptr && is_of_http(arguments.front())) {
    session_.server->log(LogLevel::warn, "client " + session_.remote +
                                             " is closed: it speaks HTTP; a web page may have "
                                             "been made to send commands here");
    return finish();
  }
  if (command == nullptr || !arity_fits(*command, arguments.size())) {
    if (session_.transaction) session_.transaction->discarded = true;
    return answer_error(command == nullptr ? unknown_command_text(arguments)
                                           : wrong_arity_text(command->name));
  }
  if (const auto* const transaction = std::get_if<TransactionControl>(&command->run)) {
    stalled_ = !take_transaction(*transaction);
  } else if (session_.transaction) {
    queue(*command, arguments);
  } else if (const auto* const parse = std::get_if<DataCommand>(&command->run)) {
    stalled_ = !take_data(*parse, arguments);
  } else {
    take_local(std::get<LocalCommand>(command->run), arguments);
  }
  if (stalled_) return;
  session_.last_command = command->name;
  ++session_.server->counters.commands;
}

void ClientConnection::take_local(LocalCommand run, Arguments arguments) {
  run(session_, arguments);
  if (session_.reply.starts_with('-')) ++session_.server->counters.error_replies;
  answer_text(std::exchange(session_.reply, {}));
  if (session_.quits) finish();
}

bool ClientConnection::take_data(DataCommand parse, Arguments arguments) {
  return give(parse(arguments));
}

// False: it has to wait for the answers of the other phase.
bool ClientConnection::give(DataRequest request) {
  if (const auto* const refusal = std::get_if<kv::Refusal>(&request)) {
    answer_error(refusal->text);
    return true;
  }
  const auto* const command = std::get_if<kv::Command>(&request);
  const Phase phase = command != nullptr ? Phase::writes : Phase::reads;
  if (outstanding_ > 0 && phase != phase_) return false;
  phase_ = phase;
  ++outstanding_;
  const std::uint64_t number = open_slot(held_->bytes);
  ReplyDone done = [weak = weak_from_this(), number, phase](Result<kv::Reply> reply) {
    if (const auto self = weak.lock()) self->answered(number, phase, std::move(reply));
  };
  if (command != nullptr) {
    writes_.push_back({.command = kv::encode_command(*command), .done = std::move(done)});
  } else {
    reads_.push_back({.query = std::move(std::get<kv::Query>(request)), .done = std::move(done)});
  }
  return true;
}

void ClientConnection::submit() {
  Replica& replica = *session_.server->replica;
  if (!writes_.empty()) replica.write(std::exchange(writes_, {}));
  if (!reads_.empty()) replica.read(std::exchange(reads_, {}));
}

// ---- Answers ----

std::uint64_t ClientConnection::open_slot(std::size_t bytes) {
  slots_.push_back({.protocol = session_.protocol, .bytes = bytes});
  bytes_in_flight_ += bytes;
  return first_slot_ + slots_.size() - 1;
}

void ClientConnection::answer_error(std::string_view text) {
  std::string answer;
  resp::ReplyWriter{session_.protocol, answer}.error(text);
  ++session_.server->counters.error_replies;
  answer_text(std::move(answer));
}

void ClientConnection::answer_text(std::string text) {
  if (slots_.empty()) return outbox_.add(text);
  open_slot(0);
  slots_.back().answer = std::move(text);
}

void ClientConnection::answered(std::uint64_t number, Phase phase, Result<kv::Reply> reply) {
  if (!stream_.is_open()) return;
  PROA_ASSERT(outstanding_ > 0);
  PROA_ASSERT(phase == phase_);
  PROA_ASSERT(number >= first_slot_);
  PROA_ASSERT(number - first_slot_ < slots_.size());
  --outstanding_;
  Slot& slot = slots_[static_cast<std::size_t>(number - first_slot_)];
  if (reply) {
    slot.answer = std::move(*reply);
  } else {
    const bool writes = phase == Phase::writes;
    slot.answer = kv::Reply{kv::Refusal{writes ? error_text_of_write(reply.error())
                                               : error_text_of_read(reply.error())}};
  }
  const auto* const answer = std::get_if<kv::Reply>(&slot.answer);
  if (std::holds_alternative<kv::Refusal>(*answer)) ++session_.server->counters.error_replies;
  flush_later();
}

// In the order of the requests. Values wait here, shared with the store, rather than as text.
void ClientConnection::release_answers() {
  const std::size_t unsent_max = session_.server->options.unsent_bytes_max;
  while (!slots_.empty() && outbox_.bytes() < unsent_max) {
    Slot& slot = slots_.front();
    if (std::holds_alternative<std::monostate>(slot.answer)) return;
    if (const auto* const reply = std::get_if<kv::Reply>(&slot.answer)) {
      outbox_.add(*reply, slot.protocol);
    } else {
      outbox_.add(std::get<std::string>(slot.answer));
    }
    bytes_in_flight_ -= slot.bytes;
    slots_.pop_front();
    ++first_slot_;
  }
}

void ClientConnection::flush_later() { flush_at_turn_end(session_.server, shared_from_this()); }

void ClientConnection::flush() {
  if (!stream_.is_open()) return;
  do {
    release_answers();
    if (stream_.awaits_room()) break;
    if (const auto written = outbox_.write_to(*stream_); !written) {
      return end_of_stream(written.error());
    }
    if (!outbox_.empty()) stream_.await_room<&ClientConnection::flush>(weak_from_this());
  } while (outbox_.empty() && !slots_.empty() &&
           !std::holds_alternative<std::monostate>(slots_.front().answer));
  if (finishing_ && slots_.empty() && outbox_.empty()) return end();
  const bool other_phase_is_over = !held_ || outstanding_ == 0;
  if (stalled_ && may_take() && other_phase_is_over) take_requests();
}

// ---- The end ----

void ClientConnection::end_of_stream(const Error& error) {
  session_.server->log(LogLevel::debug,
                       "client " + session_.remote + " has ended: " + error.detail);
  end();
}

void ClientConnection::end() {
  const auto self = shared_from_this();
  Fn<void()> closed = std::exchange(closed_, {});
  close();
  if (closed) closed();
}

}  // namespace proa::server
