#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "proa/transport/detail/awaited_stream.hpp"
#include "proa/transport/detail/flush_list.hpp"
#include "proa/transport/detail/receive_buffer.hpp"
#include "server/detail/command_table.hpp"
#include "server/detail/outbox.hpp"
#include "server/detail/session.hpp"

namespace proa::server {

/// A client: requests come in, answers go out in the same order, whatever the order in which they
/// become known. Pipelined writes go to the replica together, and so do reads; a read behind an
/// unanswered write waits for it, and the other way round, because a client expects its own order.
/// Reads on only within the bounds of RedisServerOptions. Malformed bytes end this connection,
/// after the answers to what came before them. Threads: the loop.
class ClientConnection : public Flushable, public std::enable_shared_from_this<ClientConnection> {
 public:
  /// `closed` is called once, when the connection ends by itself.
  ClientConnection(Session session, std::unique_ptr<Stream> stream, Fn<void()> closed);

  void start() { await_bytes(); }
  void flush() override;
  /// Takes no more requests; ends by itself once everything taken is answered.
  void finish();
  void close();  ///< at once; `closed` is not called
  bool answers_wait() const { return !slots_.empty() || !outbox_.empty(); }
  void refuse(std::string_view error);  ///< answers this and ends

 private:
  /// An answer in its place; what is not known yet is monostate.
  struct Slot {
    std::variant<std::monostate, kv::Reply, std::string> answer = {};
    resp::Protocol protocol = {};
    std::size_t bytes = 0;  ///< of the request
  };
  enum class Phase : std::uint8_t { writes, reads };

  void await_bytes();
  void on_readable();
  void take_requests();
  bool may_take() const;
  bool take_request();
  void malformed(const Error& error);
  void take(const resp::Request& request);
  void take_local(LocalCommand run, Arguments arguments);
  bool take_data(DataCommand parse, Arguments arguments);
  void queue(const CommandSpec& command, Arguments arguments);
  bool take_transaction(TransactionControl command);
  bool execute_transaction();
  bool give(DataRequest request);
  void answer_error(std::string_view text);
  void submit();
  std::uint64_t open_slot(std::size_t bytes);
  void answer_text(std::string text);
  void answered(std::uint64_t number, Phase phase, Result<kv::Reply> reply);
  void release_answers();
  void flush_later();
  void end_of_stream(const Error& error);
  void end();

  Session session_;
  AwaitedStream stream_;
  Fn<void()> closed_;

  ReceiveBuffer received_;
  resp::RequestParser parser_;
  std::optional<resp::Request> held_ = {};  ///< waits for the answers of the other phase
  std::vector<Write> writes_ = {};          ///< to be submitted together
  std::vector<Read> reads_ = {};
  Phase phase_ = Phase::writes;
  std::size_t outstanding_ = 0;  ///< given to the replica in this phase and not yet answered

  std::deque<Slot> slots_ = {};
  std::uint64_t first_slot_ = 0;
  std::size_t bytes_in_flight_ = 0;
  Outbox outbox_ = {};

  bool stalled_ = false;    ///< has stopped taking what has arrived
  bool finishing_ = false;  ///< takes nothing more and ends with the last answer
};

}  // namespace proa::server
