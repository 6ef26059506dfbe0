#pragma once

#include <map>
#include <optional>
#include <set>

#include "proa/testing/sim_cluster.hpp"

namespace proa::testing {

struct OperatorOptions {
  bool works = true;
  /// Gives a vote only to who holds a configuration already: others refuse theirs (divergences.md).
  bool is_careful = true;
  Duration pause_max = std::chrono::seconds{3};  ///< between two orders
  std::uint64_t regret_percent = 0;              ///< of those it has removed it adds again at once
};

struct OperatorCounters {
  std::uint64_t changes = 0;    ///< of the configuration, committed
  std::uint64_t transfers = 0;  ///< of leadership, that succeeded
  std::uint64_t refused = 0;
  std::uint64_t re_added = 0;  ///< servers that it had removed, under the same identity
};

/// Adds, promotes, demotes and removes servers, the leader among them, and hands leadership over:
/// at drawn times, whatever else goes on, sometimes two orders at once. Leaves three voters at
/// least. Threads: one.
class Operator {
 public:
  Operator(SimCluster& cluster, OperatorOptions options, Choices choices)
      : cluster_(cluster),
        options_(options),
        random_(std::move(choices)),
        regrets_(random_.apart("regrets")) {}

  void start();
  void stop() { stopped_ = true; }
  void server_crashed(std::size_t server);
  std::size_t open_orders() const { return open_.size(); }
  const OperatorCounters& counters() const { return counters_; }

 private:
  void order_later();
  void order();
  void change(std::size_t at);
  Future<LogIndex> change_of(Raft& raft, const Server& server);
  std::optional<ServerId> lost_member(const Configuration& configuration) const;
  bool is_reached(const Server& server) const;
  void transfer(std::size_t at);
  void changed(std::size_t at, const ServerId& subject);
  void add_again(std::size_t at, const ServerId& removed);
  template <class T>
  void follow(std::size_t at, Future<T> future, std::function<void()> succeeded);
  void follow_change(std::size_t at, Future<LogIndex> future, ServerId subject);
  std::size_t any_server() { return random_.below(cluster_.size()); }

  SimCluster& cluster_;
  OperatorOptions options_;
  Choices random_;
  Choices regrets_;
  std::map<std::uint64_t, std::size_t> open_;  ///< who was given the order
  std::uint64_t orders_ = 0;
  std::set<ServerId> removed_;
  OperatorCounters counters_;
  bool stopped_ = false;
};

}  // namespace proa::testing
