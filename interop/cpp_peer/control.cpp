#include "interop/cpp_peer/control.hpp"

#include <boost/json.hpp>
#include <charconv>
#include <cstdio>
#include <deque>
#include <sstream>
#include <vector>

namespace proa::interop {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::size_t kWindowMax = 4096;

json::object failed(const std::string& why) { return {{"ok", false}, {"error", why}}; }

template <class T>
json::object done(const Result<T>& result) {
  if (!result) return failed(to_string(result.error()));
  return {{"ok", true}};
}

std::optional<std::uint64_t> number_in(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string hex_of(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(value));
  return text;
}

json::object status(const ControlledPeer& peer) {
  const Status now = peer.raft->status();
  return {{"ok", true},
          {"kind", "cpp"},
          {"role", to_string(now.role)},
          {"leader", now.leader ? now.leader->id.value : ""},
          {"term", now.term.value},
          {"last", now.last_log.index.value},
          {"commit", now.commit_index.value},
          {"applied", peer.machine->last().index},
          {"repairs", peer.logs->repairs()},
          {"installs", peer.logs->installs()}};
}

/// Writes PREFIX-0=0 … with so many in flight and says which were acknowledged.
json::object load(const ControlledPeer& peer, const std::string& prefix, std::uint64_t count,
                  std::uint64_t window) {
  json::array acked;
  std::string error;
  std::deque<std::pair<std::uint64_t, Future<Applied>>> open;
  const auto finish_oldest = [&] {
    auto [number, future] = std::move(open.front());
    open.pop_front();
    const Result<Applied> applied = std::move(future).get();
    if (applied) {
      acked.push_back(json::value(number));
    } else if (error.empty()) {
      error = to_string(applied.error());
    }
  };
  for (std::uint64_t number = 0; number < count && error.empty(); ++number) {
    const std::string text = prefix + "-" + std::to_string(number) + "=" + std::to_string(number);
    open.emplace_back(number, peer.raft->apply(bytes_of(std::string_view{text})));
    if (open.size() >= window) finish_oldest();
  }
  while (!open.empty())
    finish_oldest();
  return {{"ok", true}, {"acked", std::move(acked)}, {"error", error}};
}

json::object digest(const ControlledPeer& peer, const std::string& text) {
  const std::optional<std::uint64_t> index = number_in(text);
  if (!index) return failed("no index: " + text);
  const std::optional<Mark> mark = peer.machine->at(*index);
  if (!mark) return failed("no digest at or before index " + text);
  return {{"ok", true}, {"index", mark->index}, {"digest", hex_of(mark->digest)}};
}

json::object load(const ControlledPeer& peer, const std::vector<std::string>& words) {
  const std::optional<std::uint64_t> count = number_in(words[2]);
  const std::optional<std::uint64_t> window = number_in(words[3]);
  if (!count || !window || *window == 0 || *window > kWindowMax) {
    return failed("load takes a count and a window of 1 to " + std::to_string(kWindowMax));
  }
  return load(peer, words[1], *count, *window);
}

json::object get(const ControlledPeer& peer, const std::string& key) {
  const std::optional<std::string> value = peer.machine->get(key);
  return {{"ok", value.has_value()}, {"value", value.value_or("")}};
}

/// Leadership and membership: what one of these commands asks of the leader.
json::object change(Raft& raft, const std::vector<std::string>& words) {
  const std::string& name = words.front();
  const ServerId id{words[1]};
  if (name == "remove" && words.size() == 2)
    return done(raft.remove_server(id, {}).within(5s).get());
  if (words.size() != 3) return failed("unknown command " + name);
  if (name == "transfer") return done(raft.leadership_transfer(id).within(5s).get());
  const ServerAddress address{words[2]};
  if (name == "add_voter") {
    return done(raft.add_voter({Suffrage::voter, id, address}, {}).within(5s).get());
  }
  if (name == "add_nonvoter") {
    return done(raft.add_nonvoter({Suffrage::nonvoter, id, address}, {}).within(5s).get());
  }
  return failed("unknown command " + name);
}

json::object carry_out(const ControlledPeer& peer, const std::vector<std::string>& words) {
  if (words.empty()) return failed("empty command");
  const std::string& name = words.front();
  if (name == "status") return status(peer);
  if (name == "barrier") return done(peer.raft->barrier().within(5s).get());
  if (name == "snapshot") return done(peer.raft->snapshot().within(5s).get());
  if (name == "get" && words.size() == 2) return get(peer, words[1]);
  if (name == "digest" && words.size() == 2) return digest(peer, words[1]);
  if (name == "load" && words.size() == 4) return load(peer, words);
  if (words.size() > 1) return change(*peer.raft, words);
  return failed("unknown command " + name);
}

}  // namespace

std::string obey(const ControlledPeer& peer, const std::string& line) {
  std::istringstream in{line};
  std::vector<std::string> words;
  for (std::string word; in >> word;)
    words.push_back(std::move(word));
  return json::serialize(carry_out(peer, words)) + "\n";
}

}  // namespace proa::interop
