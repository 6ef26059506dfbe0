#include <utility>

#include "kv/limits.hpp"
#include "server/detail/client_connection.hpp"

// MULTI, what comes between, and EXEC: one entry of the log.

namespace proa::server {
namespace {

kv::Step step_of(DataRequest request) {
  if (auto* const query = std::get_if<kv::Query>(&request)) {
    kv::QueryStep step{.kind = query->kind};
    for (const SharedBytes& key : query->keys)
      step.keys.push_back(key);  // which the request keeps alive
    return step;
  }
  return std::visit(
      [](auto&& command) -> kv::Step {
        using One = std::remove_cvref_t<decltype(command)>;
        if constexpr (std::is_same_v<One, kv::TransactionCommand>) {
          PROA_ASSERT(false);  // no request is parsed to one
          return kv::QueryStep{};
        } else {
          return std::forward<decltype(command)>(command);
        }
      },
      std::move(std::get<kv::Command>(request)));
}

DataRequest parsed(const std::vector<SharedBytes>& request) {
  return std::get<DataCommand>(find_command(request.front())->run)(request);
}

}  // namespace

void ClientConnection::queue(const CommandSpec& command, Arguments arguments) {
  Transaction& transaction = *session_.transaction;
  const auto* const parse = std::get_if<DataCommand>(&command.run);
  const auto wrong = [&](std::string_view why) {
    transaction.discarded = true;
    answer_error(why);
  };
  if (parse == nullptr) {
    if (command.name == "reset" || command.name == "quit") {
      return take_local(std::get<LocalCommand>(command.run), arguments);
    }
    return wrong("ERR only commands on keys may stand in a transaction");
  }
  const DataRequest request = (*parse)(arguments);
  if (const auto* const refusal = std::get_if<kv::Refusal>(&request)) return wrong(refusal->text);
  const bool full =
      transaction.bytes + held_->bytes > session_.server->options.request.request_bytes ||
      transaction.requests.size() >= kv::kStepsPerTransactionMax;
  if (full) return wrong("ERR the transaction is too large");
  transaction.bytes += held_->bytes;
  transaction.requests.emplace_back(arguments.begin(), arguments.end());
  answer_text("+QUEUED\r\n");
}

// False: it has to wait for the answers of earlier reads.
bool ClientConnection::take_transaction(TransactionControl command) {
  const bool open = session_.transaction.has_value();
  switch (command) {
    case TransactionControl::begin:
      if (open) {
        answer_error("ERR MULTI calls can not be nested");
      } else {
        session_.transaction.emplace();
        answer_text("+OK\r\n");
      }
      return true;
    case TransactionControl::discard:
      if (!open) {
        answer_error("ERR DISCARD without MULTI");
      } else {
        session_.transaction.reset();
        answer_text("+OK\r\n");
      }
      return true;
    case TransactionControl::execute:
      if (!open) {
        answer_error("ERR EXEC without MULTI");
        return true;
      }
      return execute_transaction();
  }
  return true;
}

bool ClientConnection::execute_transaction() {
  const Transaction& transaction = *session_.transaction;
  if (transaction.discarded) {
    session_.transaction.reset();
    answer_error("EXECABORT Transaction discarded because of previous errors.");
    return true;
  }
  if (transaction.requests.empty()) {
    session_.transaction.reset();
    answer_text("*0\r\n");
    return true;
  }
  kv::TransactionCommand command;
  for (const std::vector<SharedBytes>& request : transaction.requests)
    command.steps.push_back(step_of(parsed(request)));
  if (!give(kv::Command{std::move(command)})) return false;
  session_.transaction.reset();
  return true;
}

}  // namespace proa::server
