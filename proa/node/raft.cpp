#include "proa/node/raft.hpp"

#include <utility>

#include "proa/driver/errors.hpp"
#include "proa/node/detail/create.hpp"
#include "proa/node/detail/inner.hpp"

namespace proa {
namespace {

using core::ChangeKind;
using driver::complete_waiter;
using driver::Inbox;
using driver::Proposal;

Error why_refused(Inbox::Pushed pushed) {
  PROA_ASSERT(pushed == Inbox::Pushed::closed || pushed == Inbox::Pushed::full);
  if (pushed == Inbox::Pushed::closed) return driver::shutdown_error(Outcome::not_executed);
  return driver::busy_error(
      "the inbox is full (Config::inbox_requests_max, inbox_bytes_max); try again later");
}

bool refused(Inbox::Pushed pushed) {
  return pushed == Inbox::Pushed::closed || pushed == Inbox::Pushed::full;
}

Error too_large(std::size_t bytes, std::size_t bytes_max) {
  return {.code = Errc::command_too_large,
          .outcome = Outcome::not_executed,
          .detail = "the command has " + std::to_string(bytes) +
                    " bytes; Config::command_bytes_max is " + std::to_string(bytes_max)};
}

}  // namespace

void Raft::Inner::wake_if(Inbox::Pushed pushed) const {
  if (pushed != Inbox::Pushed::wake_loop) return;
  runtime->loop().post([weak = std::weak_ptr{driver}] {
    if (const auto at = weak.lock()) at->look_into_inbox();
  });
}

Result<std::unique_ptr<Raft>> Raft::create(Config config, std::shared_ptr<Fsm> fsm,
                                           std::shared_ptr<LogStore> logs,
                                           std::shared_ptr<StableStore> stable,
                                           std::shared_ptr<SnapshotStore> snapshots,
                                           std::shared_ptr<Transport> transport) {
  return create_raft({.config = std::move(config),
                      .fsm = std::move(fsm),
                      .logs = std::move(logs),
                      .stable = std::move(stable),
                      .snapshots = std::move(snapshots),
                      .transport = std::move(transport)},
                     nullptr);
}

Raft::Raft(std::unique_ptr<Inner> inner) : inner_(std::move(inner)) {}

Raft::~Raft() {
  PROA_ASSERT(!inner_->runtime->on_loop());
  Fn<void()> let_go = [this] {
    inner_->driver->close();
    inner_->driver.reset();
  };
  inner_->runtime->ended() ? let_go() : inner_->runtime->run_on_loop(let_go);
}

Future<Applied> Raft::apply(SharedBytes command) {
  return apply(CommandWithExtensions{.command = std::move(command)});
}

Future<Applied> Raft::apply(CommandWithExtensions command) {
  Promise<Applied> promise{inner_->runtime};
  Future<Applied> future = promise.future();
  Proposal proposal{.data = std::move(command.command),
                    .extensions = std::move(command.extensions),
                    .waiter = std::move(promise)};
  const std::size_t bytes_max = inner_->config.command_bytes_max;
  if (proposal.bytes() > bytes_max) {
    complete_waiter(proposal.waiter, fail(too_large(proposal.bytes(), bytes_max)));
    return future;
  }
  const Inbox::Pushed pushed = inner_->inbox->push(std::move(proposal));
  if (refused(pushed)) complete_waiter(proposal.waiter, fail(why_refused(pushed)));
  inner_->wake_if(pushed);
  return future;
}

std::vector<Future<Applied>> Raft::apply_all(std::span<const SharedBytes> commands) {
  std::vector<Future<Applied>> futures;
  std::vector<Proposal> proposals;
  futures.reserve(commands.size());
  proposals.reserve(commands.size());
  const std::size_t bytes_max = inner_->config.command_bytes_max;
  for (const SharedBytes& command : commands) {
    Promise<Applied> promise{inner_->runtime};
    futures.push_back(promise.future());
    if (command.size() > bytes_max) {
      promise.complete(fail(too_large(command.size(), bytes_max)));
    } else {
      proposals.push_back({.data = command, .waiter = std::move(promise)});
    }
  }
  if (proposals.empty()) return futures;
  std::size_t taken = 0;
  const Inbox::Pushed pushed = inner_->inbox->push_all(proposals, taken);
  const Error error = why_refused(refused(pushed) ? pushed : Inbox::Pushed::full);
  for (Proposal& left : std::span{proposals}.subspan(taken))
    complete_waiter(left.waiter, fail(error));
  inner_->wake_if(pushed);
  return futures;
}

Future<LogIndex> Raft::barrier() {
  Promise<LogIndex> promise{inner_->runtime};
  Future<LogIndex> future = promise.future();
  Proposal proposal{.kind = EntryKind::barrier, .waiter = std::move(promise)};
  const Inbox::Pushed pushed = inner_->inbox->push(std::move(proposal));
  if (refused(pushed)) complete_waiter(proposal.waiter, fail(why_refused(pushed)));
  inner_->wake_if(pushed);
  return future;
}

namespace {

/// Hands a call to the loop, or completes it with the reason why not.
template <class C>
Inbox::Pushed hand_over(Inbox& inbox, C call) {
  driver::Call any{std::move(call)};
  const Inbox::Pushed pushed = inbox.push(std::move(any));
  if (refused(pushed)) std::get<C>(any).promise.complete(fail(why_refused(pushed)));
  return pushed;
}

}  // namespace

Future<void> Raft::verify_leader() {
  Promise<void> promise{inner_->runtime};
  Future<void> future = promise.future();
  inner_->wake_if(hand_over(*inner_->inbox, driver::VerifyCall{std::move(promise)}));
  return future;
}

const std::shared_ptr<Runtime>& Raft::runtime() const { return inner_->runtime; }

void Raft::submit(ReadLevel level, std::shared_ptr<Query> query) {
  const Inbox::Pushed pushed =
      inner_->inbox->push(driver::Call{driver::ReadCall{.level = level, .query = query}});
  if (refused(pushed)) query->refuse(why_refused(pushed));
  inner_->wake_if(pushed);
}

Future<LogIndex> Raft::read_index() {
  Promise<LogIndex> promise{inner_->runtime};
  Future<LogIndex> future = promise.future();
  inner_->wake_if(hand_over(*inner_->inbox, driver::ReadIndexCall{std::move(promise)}));
  return future;
}

Future<LogIndex> Raft::Inner::change(core::ChangeRequested change) const {
  Promise<LogIndex> promise{runtime};
  Future<LogIndex> future = promise.future();
  wake_if(hand_over(*inbox, driver::ChangeCall{std::move(change), std::move(promise)}));
  return future;
}

Future<LogIndex> Raft::add_voter(Server server, LogIndex based_on) {
  return inner_->change(
      {.kind = ChangeKind::add_voter, .server = std::move(server), .based_on = based_on});
}

Future<LogIndex> Raft::add_nonvoter(Server server, LogIndex based_on) {
  return inner_->change(
      {.kind = ChangeKind::add_nonvoter, .server = std::move(server), .based_on = based_on});
}

Future<LogIndex> Raft::demote_voter(ServerId server, LogIndex based_on) {
  return inner_->change({.kind = ChangeKind::demote_voter,
                         .server = {.id = std::move(server)},
                         .based_on = based_on});
}

Future<LogIndex> Raft::remove_server(ServerId server, LogIndex based_on) {
  return inner_->change({.kind = ChangeKind::remove_server,
                         .server = {.id = std::move(server)},
                         .based_on = based_on});
}

Future<void> Raft::leadership_transfer(std::optional<ServerId> to) {
  Promise<void> promise{inner_->runtime};
  Future<void> future = promise.future();
  inner_->wake_if(
      hand_over(*inner_->inbox, driver::TransferCall{std::move(to), std::move(promise)}));
  return future;
}

Future<SnapshotMeta> Raft::snapshot() {
  Promise<SnapshotMeta> promise{inner_->runtime};
  Future<SnapshotMeta> future = promise.future();
  inner_->wake_if(hand_over(*inner_->inbox, driver::SnapshotCall{std::move(promise)}));
  return future;
}

Future<void> Raft::restore(SnapshotMeta meta, std::unique_ptr<ByteSource> source) {
  Promise<LogIndex> promise{inner_->runtime};
  Future<LogIndex> committed = promise.future();
  inner_->wake_if(hand_over(*inner_->inbox, driver::RestoreCall{.meta = std::move(meta),
                                                                .source = std::move(source),
                                                                .promise = std::move(promise)}));
  Promise<void> restored{inner_->runtime};
  Future<void> future = restored.future();
  std::move(committed).then([restored = std::move(restored)](Result<LogIndex> index) mutable {
    restored.complete(index ? Result<void>{} : fail(std::move(index).error()));
  });
  return future;
}

Future<LogIndex> Raft::wait_applied(LogIndex index) {
  Promise<LogIndex> promise{inner_->runtime};
  Future<LogIndex> future = promise.future();
  inner_->wake_if(hand_over(*inner_->inbox, driver::WaitAppliedCall{index, std::move(promise)}));
  return future;
}

Future<Server> Raft::wait_leader() {
  Promise<Server> promise{inner_->runtime};
  Future<Server> future = promise.future();
  inner_->wake_if(hand_over(*inner_->inbox, driver::WaitLeaderCall{std::move(promise)}));
  return future;
}

Result<void> Raft::reload(const ReloadableConfig& config) {
  Config whole = inner_->config;
  static_cast<ReloadableConfig&>(whole) = config;
  PROA_TRY(validate(whole));
  driver::Call call{driver::ReloadCall{config}};
  const Inbox::Pushed pushed = inner_->inbox->push(std::move(call));
  if (refused(pushed)) return fail(why_refused(pushed));
  inner_->wake_if(pushed);
  return {};
}

Status Raft::status() const { return inner_->publisher->status(); }

Subscription Raft::observe(Fn<void(const Event&)> callback) {
  return inner_->publisher->observe(std::move(callback));
}

/// Past the inbox: it must work when the inbox is full, and when it is closed.
Future<void> Raft::shutdown() {
  Promise<void> promise{inner_->runtime};
  Future<void> future = promise.future();
  inner_->runtime->loop().post(
      [weak = std::weak_ptr{inner_->driver}, promise = std::move(promise)]() mutable {
        if (const auto at = weak.lock()) return at->shut_down(std::move(promise));
        promise.complete({});
      });
  return future;
}

Future<Error> Raft::stopped() { return inner_->publisher->stopped(); }

}  // namespace proa
