#include "kv/store.hpp"

#include <string>
#include <utility>

#include "kv/detail/snapshot_format.hpp"
#include "kv/integer.hpp"
#include "kv/limits.hpp"

namespace proa::kv {
namespace {

class ImageSnapshot final : public Fsm::Snapshot {
 public:
  explicit ImageSnapshot(std::unique_ptr<TableImage> image) : image_(std::move(image)) {}
  Result<void> write_to(SnapshotSink& sink) override { return write_snapshot(*image_, sink); }

 private:
  std::unique_ptr<TableImage> image_;
};

Refusal failed(const Error& error) { return {"ERR this server has stopped: " + error.detail}; }

StepReply value_of(const Table& table, const SharedBytes& key) {
  const Item* const item = table.find(key);
  return item == nullptr ? StepReply{Nil{}} : StepReply{item->value};
}

Values values_of(const Table& table, const std::vector<SharedBytes>& keys) {
  Values values;
  values.reserve(keys.size());
  for (const SharedBytes& key : keys) {
    const Item* const item = table.find(key);
    values.push_back(item == nullptr ? std::nullopt : std::optional{item->value});
  }
  return values;
}

std::int64_t count_existing(const Table& table, const std::vector<SharedBytes>& keys) {
  std::int64_t count = 0;
  for (const SharedBytes& key : keys) {
    if (table.find(key) != nullptr) ++count;
  }
  return count;
}

StepReply answer_from(const Table& table, const Query& query) {
  switch (query.kind) {
    case QueryKind::value:
      return value_of(table, query.keys.front());
    case QueryKind::values:
      return values_of(table, query.keys);
    case QueryKind::exists:
      return count_existing(table, query.keys);
    case QueryKind::length: {
      const Item* const item = table.find(query.keys.front());
      return item == nullptr ? std::int64_t{0} : static_cast<std::int64_t>(item->value.size());
    }
    case QueryKind::key_count:
      return static_cast<std::int64_t>(table.size());
  }
  return Nil{};
}

/// Carries one command out on the table.
class Executor {
 public:
  Executor(Table& table, LogIndex index) : table_(table), index_(index) {}

  StepReply operator()(const SetCommand& command) {
    const Item* const old = table_.find(command.key);
    StepReply reply = Ok{};
    if (command.reply_old_value) reply = old == nullptr ? StepReply{Nil{}} : StepReply{old->value};
    const bool exists = old != nullptr;
    if (command.when == SetWhen::missing && exists) return refused(command, std::move(reply));
    if (command.when == SetWhen::present && !exists) return refused(command, std::move(reply));
    put(command.key, SharedBytes::copy_of(command.value));
    return reply;
  }

  StepReply operator()(const DeleteCommand& command) {
    std::int64_t erased = 0;
    for (const ByteView key : command.keys) {
      if (table_.erase(key)) ++erased;
    }
    return erased;
  }

  StepReply operator()(const AddCommand& command) {
    std::int64_t before = 0;
    if (const Item* const old = table_.find(command.key)) {
      const auto parsed = parse_integer(text_of(old->value));
      if (!parsed) return Refusal{"ERR value is not an integer or out of range"};
      before = *parsed;
    }
    const auto sum = add(before, command.by);
    if (!sum) return Refusal{"ERR increment or decrement would overflow"};
    put(command.key, SharedBytes::copy_of(std::to_string(*sum)));
    return *sum;
  }

  StepReply operator()(const AppendCommand& command) {
    const Item* const old = table_.find(command.key);
    const std::size_t old_bytes = old == nullptr ? 0 : old->value.size();
    if (old_bytes + command.value.size() > kValueBytesMax) {
      return Refusal{"ERR string exceeds maximum allowed size (proto-max-bulk-len)"};
    }
    std::string value;
    value.reserve(old_bytes + command.value.size());
    if (old != nullptr) value.append(text_of(old->value));
    value.append(text_of(command.value));
    const auto length = static_cast<std::int64_t>(value.size());
    put(command.key, SharedBytes::take(std::move(value)));
    return length;
  }

  StepReply operator()(const SetManyCommand& command) {
    for (const auto& [key, value] : command.pairs)
      put(key, SharedBytes::copy_of(value));
    return Ok{};
  }

  StepReply operator()(const QueryStep& step) {
    Query query{.kind = step.kind};
    for (const ByteView key : step.keys)
      query.keys.emplace_back(nullptr, key);
    return answer_from(table_, query);
  }

 private:
  static StepReply refused(const SetCommand& command, StepReply reply) {
    return command.reply_old_value ? std::move(reply) : StepReply{Nil{}};
  }
  void put(ByteView key, SharedBytes value) {
    table_.put(key, {.value = std::move(value), .modified = index_});
  }

  Table& table_;
  LogIndex index_;
};

/// One command of the log: a step by itself, or a transaction.
class CommandExecutor {
 public:
  explicit CommandExecutor(Executor steps) : steps_(steps) {}

  Reply operator()(const TransactionCommand& command) {
    Replies replies;
    replies.all.reserve(command.steps.size());
    for (const Step& step : command.steps)
      replies.all.push_back(std::visit(steps_, step));
    return replies;
  }
  Reply operator()(const auto& command) { return reply_of(steps_(command)); }

 private:
  Executor steps_;
};

}  // namespace

void Store::apply(std::span<const Committed> batch, Responses& responses) {
  state_.with([&](State& state) {
    for (std::size_t position = 0; position < batch.size(); ++position) {
      Reply reply = apply_one(state, batch[position]);
      if (responses.wanted(position)) responses.set(position, std::move(reply));
    }
  });
}

Reply Store::apply_one(State& state, const Committed& entry) {
  if (state.failure) return failed(*state.failure);
  auto command = decode_command(entry.command);
  if (!command && command.error().code == Errc::unsupported_protocol) {
    command.error().detail =
        "entry " + to_string(entry.index) + " of the log is " + command.error().detail;
    state.failure = std::move(command).error();
    return failed(*state.failure);
  }
  if (!command) return Refusal{"ERR the command does not decode: " + command.error().detail};
  return std::visit(CommandExecutor{Executor{state.table, entry.index}}, *command);
}

Result<std::unique_ptr<Fsm::Snapshot>> Store::snapshot() {
  using Made = Result<std::unique_ptr<Snapshot>>;
  return state_.with([](State& state) -> Made {
    if (state.failure) return fail(*state.failure);
    return std::unique_ptr<Snapshot>{std::make_unique<ImageSnapshot>(state.table.image())};
  });
}

Result<void> Store::restore(ByteSource& source) {
  PROA_TRY(Table table, read_snapshot(source));
  State old = {.table = std::move(table)};
  state_.with([&](State& state) { std::swap(state, old); });
  return {};  // what was there before is freed outside the lock
}

Reply Store::answer(const Query& query) const {
  return state_.with([&](const State& state) -> Reply {
    if (state.failure) return failed(*state.failure);
    return reply_of(answer_from(state.table, query));
  });
}

std::uint64_t Store::key_count() const {
  return state_.with([](const State& state) { return state.table.size(); });
}

std::optional<Error> Store::failure() const {
  return state_.with([](const State& state) { return state.failure; });
}

}  // namespace proa::kv
