#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>

#include "proa/core/test_cluster.hpp"
#include "proa/core/test_support.hpp"

// Goal: everything with a plot is a text that is read like a story and reviewed like code. Method:
// each file below scenarios/ holds blocks of commands, `----`, and what happened. The commands are
// listed in scenarios/README.md. PROA_REWRITE=1 writes what happens now into the files.

namespace proa::core::test {
namespace {

using Words = std::vector<std::string>;

Words split(const std::string& line) {
  std::istringstream stream{line};
  Words words;
  for (std::string word; stream >> word;)
    words.push_back(word);
  return words;
}

/// Commands on one line are separated by two spaces or more.
std::vector<Words> commands_in(const std::string& line) {
  std::vector<Words> commands;
  std::size_t begin = 0;
  while (begin < line.size()) {
    const std::size_t end = std::min(line.find("  ", begin), line.size());
    if (Words words = split(line.substr(begin, end - begin)); !words.empty()) {
      commands.push_back(std::move(words));
    }
    begin = end + 2;
  }
  return commands;
}

class Story {
 public:
  /// What happens between this command and the next.
  std::string tell(const Words& words) {
    const std::string& verb = words.at(0);
    const auto found = verbs_.find(verb);
    if (found == verbs_.end()) {
      ADD_FAILURE() << "unknown command: " << verb;
      return {};
    }
    found->second(Words{words.begin() + 1, words.end()});
    return take_trace();
  }

 private:
  using Verb = std::function<void(const Words&)>;

  TestCluster& cluster() {
    if (!cluster_) begin();
    return *cluster_;
  }

  void begin() {
    cluster_.emplace(setup_);
    for (const auto& [id, terms] : logs_)
      set_log(cluster_->at(id), terms);
    for (const auto& [id, term] : terms_)
      cluster_->at(id).disk.hard_state.term = term;
    for (const auto& [id, server] : cluster_->servers())
      cluster_->start(id);
    read_ = cluster_->trace().size();
  }

  /// Entry 1 stays the configuration; of the others only the terms are known.
  void set_log(TestServer& server, const Words& terms) {
    StoredLog& log = server.disk.log;
    log.entries.resize(1);
    for (std::size_t i = 1; i < terms.size(); ++i) {
      const std::uint64_t term = std::stoull(terms[i]);
      log.entries.push_back({.term = {term}, .payload = 1000 * term + i});
    }
    server.disk.hard_state.term = log.entries.back().term;
  }

  static ServerId id(const std::string& word) {
    return {word.ends_with(":") ? word.substr(0, word.size() - 1) : word};
  }

  void add_servers(const Words& names, Suffrage suffrage) {
    for (const std::string& name : names) {
      setup_.servers.push_back({.suffrage = suffrage, .id = {name}, .address = {name + ":1"}});
    }
  }

  bool is_cut(const Message& message) const {
    return cuts_.contains({message.from, message.to}) || cuts_.contains({message.to, message.from});
  }

  /// `a | b c`: nothing passes between the two sides.
  void cut(const Words& words) {
    const auto bar = std::find(words.begin(), words.end(), "|");
    for (auto left = words.begin(); left != bar; ++left) {
      for (auto right = bar + 1; right < words.end(); ++right)
        cuts_.insert({{*left}, {*right}});
    }
  }

  /// Until nothing moves any more; disks write at once unless they are held.
  void deliver_all() {
    for (int moves = 0; moves < 10000; ++moves) {
      if (sync_any()) continue;
      if (cluster().network().empty()) return;
      is_cut(cluster().network().front()) ? cluster().lose(0) : cluster().deliver(0);
    }
    ADD_FAILURE() << "the messages never end";
  }

  bool sync_any() {
    for (const auto& [name, server] : cluster().servers()) {
      if (server.writes.empty() || held_.contains(name)) continue;
      cluster().sync(name);
      return true;
    }
    return false;
  }

  /// `a -> b`: the messages that are on this way now.
  void on_way(const Words& words, const std::function<void(std::size_t)>& act) {
    const auto is_on_it = [&](const Message& message) {
      return message.from == id(words.at(0)) && message.to == id(words.at(2));
    };
    std::vector<std::uint64_t> chosen;
    for (const Message& message : cluster().network()) {
      if (is_on_it(message)) chosen.push_back(message.id.value);
    }
    for (const std::uint64_t number : chosen) {
      const auto at =
          std::find_if(cluster().network().begin(), cluster().network().end(),
                       [&](const Message& m) { return is_on_it(m) && m.id.value == number; });
      if (at != cluster().network().end()) {
        act(static_cast<std::size_t>(at - cluster().network().begin()));
      }
    }
  }

  void deliver(const Words& words) {
    if (words.at(0) == "all") return deliver_all();
    on_way(words, [&](std::size_t at) { cluster().deliver(at); });
  }

  /// Told in one line; what it takes is in other scenarios.
  void elect(const ServerId& name) {
    cluster().fire_timer(name);
    deliver_all();
    if (cluster().at(name).core->view().role == Role::candidate) deliver_all();
    read_ = cluster().trace().size();
    show(name);
  }

  /// It has not heard from a leader for too long, and nobody hears it.
  void isolate(const ServerId& name) {
    cluster().fire_timer(name);
    lose_if([&](const Message& message) { return message.from == name; });
    read_ = cluster().trace().size();
  }

  void lose_if(const std::function<bool(const Message&)>& is_lost) {
    for (std::size_t at = cluster().network().size(); at-- > 0;) {
      if (at < cluster().network().size() && is_lost(cluster().network()[at])) cluster().lose(at);
    }
  }

  void lose(const Words& words) {
    if (words.at(0) != "all") return on_way(words, [&](std::size_t at) { cluster().lose(at); });
    lose_if([](const Message&) { return true; });
    read_ = cluster().trace().size();
  }

  void propose(const Words& words) {
    const auto count = static_cast<std::uint32_t>(words.size() > 1 ? std::stoul(words[1]) : 1);
    cluster().step(id(words.at(0)), Proposed{.first = {next_proposal_}, .count = count});
    next_proposal_ += count;
  }

  void show(const ServerId& name) {
    static constexpr const char* kRoles[] = {"follower", "candidate", "leader"};
    const TestServer& server = cluster().at(name);
    std::string line = name.value + " is ";
    if (server.core) {
      const View view = server.core->view();
      line += kRoles[static_cast<std::size_t>(view.role)];
      line += ", term " + to_string(view.term) + ", commit " + to_string(view.commit_index) +
              ", durable " + to_string(view.durable_index) + ", log " + server.log.terms();
    } else {
      line += "down, disk: term " + to_string(server.disk.hard_state.term) + ", log " +
              server.disk.log.terms();
    }
    cluster().note(line);
  }

  bool is_watched(const std::string& line) const {
    if (watched_.empty()) return true;
    const std::string first = line.substr(0, line.find_first_of(": "));
    const std::size_t arrow = line.find(" -> ");
    if (!watched_.contains({first})) return false;
    if (arrow == std::string::npos) return true;
    return watched_.contains({line.substr(arrow + 4, line.find(':') - arrow - 4)});
  }

  std::string take_trace() {
    std::string text;
    if (!cluster_) return text;
    for (; read_ < cluster_->trace().size(); ++read_) {
      if (is_watched(cluster_->trace()[read_])) text += cluster_->trace()[read_] + "\n";
    }
    return text;
  }

  void each(const Words& names, const std::function<void(const ServerId&)>& act) {
    for (const std::string& name : names)
      act(id(name));
  }

  TestCluster::Setup setup_{.pre_vote = false};
  std::map<ServerId, Words> logs_;
  std::map<ServerId, Term> terms_;
  std::optional<TestCluster> cluster_;
  std::size_t read_ = 0;
  std::set<std::pair<ServerId, ServerId>> cuts_;
  std::set<ServerId> held_;
  std::set<ServerId> watched_;
  std::uint64_t next_proposal_ = 1;

  const std::map<std::string, Verb> verbs_ = {
      {"servers", [this](const Words& w) { add_servers(w, Suffrage::voter); }},
      {"nonvoters", [this](const Words& w) { add_servers(w, Suffrage::nonvoter); }},
      {"pre-vote", [this](const Words& w) { setup_.pre_vote = w.at(0) == "on"; }},
      {"append-max", [this](const Words& w) { setup_.append_entries_max = std::stoull(w.at(0)); }},
      {"log", [this](const Words& w) { logs_[id(w.at(0))] = Words{w.begin() + 1, w.end()}; }},
      {"term", [this](const Words& w) { terms_[id(w.at(0))] = Term{std::stoull(w.at(1))}; }},
      {"watch",
       [this](const Words& w) { each(w, [this](const ServerId& s) { watched_.insert(s); }); }},
      {"timeout",
       [this](const Words& w) { each(w, [this](const ServerId& s) { cluster().fire_timer(s); }); }},
      {"advance",
       [this](const Words& w) {
         cluster().advance_to(cluster().now() + std::chrono::milliseconds{std::stoll(w.at(0))});
       }},
      {"tick",
       [this](const Words& w) {
         each(w, [this](const ServerId& s) { cluster().step(s, DeadlineReached{}); });
       }},
      {"deliver", [this](const Words& w) { deliver(w); }},
      {"lose", [this](const Words& w) { lose(w); }},
      {"elect", [this](const Words& w) { elect(id(w.at(0))); }},
      {"isolate", [this](const Words& w) { each(w, [this](const ServerId& s) { isolate(s); }); }},
      {"duplicate",
       [this](const Words& w) { on_way(w, [this](std::size_t at) { cluster().duplicate(at); }); }},
      {"cut", [this](const Words& w) { cut(w); }},
      {"heal", [this](const Words&) { cuts_.clear(); }},
      {"hold", [this](const Words& w) { each(w, [this](const ServerId& s) { held_.insert(s); }); }},
      {"release",
       [this](const Words& w) { each(w, [this](const ServerId& s) { held_.erase(s); }); }},
      {"sync",
       [this](const Words& w) { each(w, [this](const ServerId& s) { cluster().sync(s); }); }},
      {"propose", [this](const Words& w) { propose(w); }},
      {"crash",
       [this](const Words& w) { each(w, [this](const ServerId& s) { cluster().crash(s); }); }},
      {"wipe",
       [this](const Words& w) {
         cluster().at(id(w.at(0))).disk.log.truncate_from({std::stoull(w.at(1))});
       }},
      {"start",
       [this](const Words& w) { each(w, [this](const ServerId& s) { cluster().start(s); }); }},
      {"show", [this](const Words& w) { each(w, [this](const ServerId& s) { show(s); }); }},
  };
};

/// Plays a file and returns it with what happened now.
std::string play(const std::string& text) {
  std::istringstream lines{text};
  std::string played;
  std::string told;
  Story story;
  bool in_output = false;
  for (std::string line; std::getline(lines, line);) {
    if (in_output) {
      in_output = !line.empty();
      if (!in_output) played += "\n";
      continue;
    }
    played += line + "\n";
    if (line == "----") {
      played += std::exchange(told, {});
      in_output = true;
    } else if (!line.starts_with("#")) {
      for (const Words& words : commands_in(line))
        told += story.tell(words);
    }
  }
  return played;
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::vector<std::string> scenario_names() {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator{PROA_SOURCE_DIR "/proa/core/scenarios"}) {
    if (entry.path().extension() == ".txt") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Scenario : public testing::TestWithParam<std::string> {};

TEST_P(Scenario, GoesAsWritten) {
  const std::filesystem::path path =
      std::filesystem::path{PROA_SOURCE_DIR "/proa/core/scenarios"} / (GetParam() + ".txt");
  const std::string written = content_of(path);
  const std::string played = play(written);
  if (std::getenv("PROA_REWRITE") != nullptr) {
    std::ofstream{path} << played;
    return;
  }
  EXPECT_EQ(played, written) << "PROA_REWRITE=1 accepts what happens now";
}

INSTANTIATE_TEST_SUITE_P(Core, Scenario, testing::ValuesIn(scenario_names()),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace proa::core::test
