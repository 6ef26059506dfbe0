#include "tests/torture/clients.hpp"

#include <charconv>
#include <chrono>
#include <utility>

namespace proa::torture {
namespace {

using cli::RedisClient;
using resp::ClientReply;
using resp::ReplyType;
using namespace std::chrono_literals;

constexpr std::size_t kClientsPerServer = 2;
constexpr std::uint64_t kValueKeys = 12;
constexpr std::uint64_t kCounterKeys = 3;
constexpr Duration kAnswerLimit = 5s;
constexpr Duration kPauseWhenRefused = 3ms;

/// What an answer lets the client conclude.
enum class Told { done, not_executed, unknown };

Told told_by(const Result<ClientReply>& answer) {
  if (!answer)
    return answer.error().outcome == Outcome::unknown ? Told::unknown : Told::not_executed;
  if (answer->type != ReplyType::error) return Told::done;
  // Errors of the first kind say that nothing has happened (docs of the program, §3).
  for (const char* word : {"CLUSTERDOWN", "TRYAGAIN", "LOADING", "MISCONF"})
    if (answer->text.starts_with(word)) return Told::not_executed;
  return Told::unknown;
}

std::optional<std::int64_t> number_of(const ClientReply& reply) {
  if (reply.type == ReplyType::nil) return 0;
  std::int64_t number = 0;
  const char* const end = reply.text.data() + reply.text.size();
  const auto [stopped, error] = std::from_chars(reply.text.data(), end, number);
  if (error != std::errc{} || stopped != end) return {};
  return number;
}

void pause() { std::this_thread::sleep_for(kPauseWhenRefused); }

}  // namespace

Instant now() {
  return {
      std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

void Tally::add(const Tally& other) {
  acknowledged_writes += other.acknowledged_writes;
  reads += other.reads;
  refused += other.refused;
  unknown += other.unknown;
}

Clients::Clients(std::vector<std::string> addresses, std::string round, std::uint64_t seed)
    : round_(std::move(round)) {
  Random seeds{seed};
  for (const std::string& address : addresses) {
    for (std::size_t number = 0; number < kClientsPerServer; ++number)
      threads_.emplace_back([this, address, own = seeds.next()] { run(address, own); });
  }
}

void Clients::stop() {
  stopping_ = true;
  for (std::thread& thread : threads_)
    if (thread.joinable()) thread.join();
}

void Clients::run(const std::string& address, std::uint64_t seed) {
  Random random{seed};
  RedisClient client{address, kAnswerLimit};
  while (!stopping_) {
    const std::string value_key = round_ + ":v" + std::to_string(random.below(kValueKeys));
    const std::string counter = round_ + ":c" + std::to_string(random.below(kCounterKeys));
    const std::uint64_t what = random.below(100);
    if (what < 45) {
      set(client, value_key);
    } else if (what < 80) {
      get(client, value_key);
    } else if (what < 95) {
      increment(client, counter);
    } else {
      read_counter(client, counter);
    }
  }
}

void Clients::set(RedisClient& client, const std::string& key) {
  const std::string value = std::to_string(++values_);
  const Instant called = now();
  const auto answer = client.run({"SET", key, value});
  const Instant answered = now();
  const Told told = told_by(answer);
  {
    const std::lock_guard lock(mutex_);
    if (told == Told::done) history_.value(key).wrote(value, called, answered);
    if (told == Told::unknown) history_.value(key).wrote(value, called, std::nullopt);
    ++(told == Told::done      ? tally_.acknowledged_writes
       : told == Told::unknown ? tally_.unknown
                               : tally_.refused);
  }
  if (told != Told::done) pause();
}

void Clients::get(RedisClient& client, const std::string& key) {
  const Instant called = now();
  const auto answer = client.run({"GET", key});
  const Instant answered = now();
  if (told_by(answer) != Told::done) return pause();
  const std::lock_guard lock(mutex_);
  history_.value(key).read(answer->text, called, answered);
  ++tally_.reads;
}

void Clients::increment(RedisClient& client, const std::string& key) {
  const Instant called = now();
  const auto answer = client.run({"INCR", key});
  const Instant answered = now();
  const Told told = told_by(answer);
  {
    const std::lock_guard lock(mutex_);
    if (told == Told::done) history_.counter(key).incremented(called, answered, number_of(*answer));
    if (told == Told::unknown) history_.counter(key).incremented(called, answered, std::nullopt);
    ++(told == Told::done      ? tally_.acknowledged_writes
       : told == Told::unknown ? tally_.unknown
                               : tally_.refused);
  }
  if (told != Told::done) pause();
}

void Clients::read_counter(RedisClient& client, const std::string& key) {
  const Instant called = now();
  const auto answer = client.run({"GET", key});
  const Instant answered = now();
  if (told_by(answer) != Told::done) return pause();
  const auto number = number_of(*answer);
  const std::lock_guard lock(mutex_);
  if (number) history_.counter(key).read(*number, called, answered);
  ++tally_.reads;
}

std::optional<std::string> Clients::read_all(const std::string& address) {
  RedisClient client{address, 30s};
  for (const std::string& key : history_.value_keys()) {
    const Instant called = now();
    const auto answer = client.run({"GET", key});
    if (told_by(answer) != Told::done)
      return address + " does not answer: " + (answer ? answer->text : answer.error().detail);
    history_.value(key).read(answer->text, called, now());
  }
  for (const std::string& key : history_.counter_keys()) {
    const Instant called = now();
    const auto answer = client.run({"GET", key});
    if (told_by(answer) != Told::done)
      return address + " does not answer: " + (answer ? answer->text : answer.error().detail);
    const auto number = number_of(*answer);
    if (!number) return key + " holds no number: " + answer->text;
    history_.counter(key).read(*number, called, now());
  }
  return std::nullopt;
}

}  // namespace proa::torture
