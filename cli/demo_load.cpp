#include "cli/demo_load.hpp"

#include <utility>

#include "cli/redis_client.hpp"

namespace proa::cli {
namespace {

std::int64_t ticks(DemoLoad::Clock::time_point at) { return at.time_since_epoch().count(); }

bool is_ok(const resp::ClientReply& reply) {
  return reply.type == resp::ReplyType::simple && reply.text == "OK";
}

}  // namespace

DemoLoad::DemoLoad(std::vector<std::string> addresses, std::size_t pipeline) : pipeline_(pipeline) {
  static std::atomic<int> loads{0};  // a key is written once, whatever load it belongs to
  const std::string load = std::to_string(++loads);
  for (std::size_t which = 0; which < addresses.size(); ++which) {
    auto writer = std::make_unique<Writer>();
    writer->address = std::move(addresses[which]);
    writer->prefix = "demo:" + load + ":" + std::to_string(which) + ":";
    writers_.push_back(std::move(writer));
  }
  for (const auto& writer : writers_)
    writer->thread = std::thread{[this, &writer = *writer] { write(writer); }};
}

void DemoLoad::stop() {
  stopping_ = true;
  for (const auto& writer : writers_)
    if (writer->thread.joinable()) writer->thread.join();
}

void DemoLoad::write(Writer& writer) {
  RedisClient client{writer.address};
  std::uint64_t next = 0;
  while (!stopping_) {
    std::vector<RedisClient::Command> commands;
    for (std::size_t number = 0; number < pipeline_; ++number) {
      const std::string key = writer.prefix + std::to_string(next + number);
      commands.push_back({"SET", key, value_of(key)});
    }
    const auto left = Clock::now();
    const auto replies = client.run_all(commands);
    std::uint64_t taken = 0;
    for (std::size_t number = 0; replies && number < replies->size(); ++number) {
      if (!is_ok((*replies)[number])) continue;
      writer.numbers.push_back(next + number);
      ++taken;
    }
    next += pipeline_;
    acknowledged_ += taken;
    if (taken > 0 && ticks(left) > last_left_) {
      last_came_ = ticks(Clock::now());
      last_left_ = ticks(left);
    }
    // What is refused would be refused at once for as long as nobody leads.
    if (taken == 0) std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
}

DemoLoad::Clock::time_point DemoLoad::first_after(Clock::time_point moment) {
  while (last_left_ < ticks(moment))
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  return Clock::time_point{Clock::duration{last_came_}};
}

std::vector<std::string> DemoLoad::keys() const {
  std::vector<std::string> keys;
  for (const auto& writer : writers_)
    for (const std::uint64_t number : writer->numbers)
      keys.push_back(writer->prefix + std::to_string(number));
  return keys;
}

}  // namespace proa::cli
