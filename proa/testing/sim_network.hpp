#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "proa/testing/scheduler.hpp"
#include "proa/transport/direct_transport.hpp"

namespace proa::testing {

/// What a simulated network is like: drawn per seed. Chances are in a thousandth.
struct SimNetworkOptions {
  Duration delay_min = std::chrono::microseconds{20};
  Duration delay_max = std::chrono::microseconds{500};
  std::uint64_t spike_permille = 0;  ///< chance that a message takes up to spike_max
  Duration spike_max = std::chrono::milliseconds{300};
  std::uint64_t loss_permille = 0;  ///< chance that a message is lost and breaks its connection
  Duration loss_notice_max = std::chrono::milliseconds{200};  ///< until the sender hears of it
  std::uint64_t duplicate_permille = 0;
  Duration duplicate_late_max = std::chrono::seconds{1};
};

/// What becomes of messages on a link that is cut.
enum class CutMode : std::uint8_t {
  hold,     ///< they arrive, in order, when the link is healed: what retransmission does
  drop,     ///< they are gone and nobody hears of it
  reset,    ///< they are gone and their connection breaks
  replies,  ///< answers are gone and nobody hears of it; requests arrive
};

struct NetworkCounters {
  std::uint64_t carried = 0;
  std::uint64_t lost = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t held = 0;
  std::uint64_t replies_lost = 0;  ///< whose requests arrive
};

/// Carries the parcels of DirectTransports through virtual time: late, twice, or not at all. Each
/// direction between two servers is a link that can be cut by itself. Parcels of a connection keep
/// their order. Threads: one.
class SimNetwork final : public Courier {
 public:
  SimNetwork(Scheduler& scheduler, SimNetworkOptions options, Choices choices)
      : scheduler_(scheduler), options_(options), random_(std::move(choices)) {}

  void carry(Parcel parcel) override;

  void cut(const ServerAddress& from, const ServerAddress& to, CutMode mode);
  void heal(const ServerAddress& from, const ServerAddress& to);
  void heal_all();
  bool any_cut() const;
  /// No two parcels of a connection arrive within less, each way: what a narrow line does.
  void set_parcel_gap(Duration gap) { parcel_gap_ = gap; }
  SimNetworkOptions& options() { return options_; }
  const NetworkCounters& counters() const { return counters_; }

 private:
  /// From a server to another: both directions of the requests that the first one sends.
  struct Connection {
    Instant last_request = {};  ///< when the last parcel arrives
    Instant last_reply = {};
    Instant broken_until = {};  ///< what is sent before then is lost
  };
  struct Link {
    bool is_cut = false;
    CutMode mode = CutMode::hold;
    std::deque<std::shared_ptr<Parcel>> held = {};
  };
  using LinkKey = std::pair<std::uint32_t, std::uint32_t>;

  std::uint32_t number_of(const ServerAddress& address);
  Link& link(const ServerAddress& from, const ServerAddress& to);
  Connection& connection_of(const Parcel& parcel);
  void send_on(std::shared_ptr<Parcel> parcel);
  void lose(const std::shared_ptr<Parcel>& parcel, Connection& connection);
  void deliver_at(Instant due, std::shared_ptr<Parcel> parcel);
  Duration draw(Duration low, Duration high);

  Scheduler& scheduler_;
  SimNetworkOptions options_;
  Duration parcel_gap_ = {};
  Choices random_;
  std::vector<ServerAddress> addresses_;
  std::map<LinkKey, Link> links_;
  std::map<std::pair<LinkKey, Channel>, Connection> connections_;
  NetworkCounters counters_;
};

}  // namespace proa::testing
