#include "proa/testing/sim_network.hpp"

#include <algorithm>
#include <utility>

namespace proa::testing {
namespace {

constexpr std::size_t kHeldMax = 4096;  // parcels per link; what comes later is dropped
constexpr std::uint32_t kDeliverTag = 0x1000000;
constexpr std::uint32_t kLostTag = 0x2000000;

}  // namespace

void SimNetwork::carry(Parcel parcel) {
  ++counters_.carried;
  auto shared = std::make_shared<Parcel>(std::move(parcel));
  Link& way = link(shared->from, shared->to);
  if (!way.is_cut) return send_on(std::move(shared));
  if (way.mode == CutMode::replies) {
    if (!shared->is_reply) return send_on(std::move(shared));
    ++counters_.replies_lost;
    return;
  }
  if (way.mode == CutMode::reset) return lose(shared, connection_of(*shared));
  if (way.mode == CutMode::drop || way.held.size() >= kHeldMax) {
    ++counters_.lost;
    return;
  }
  ++counters_.held;
  way.held.push_back(std::move(shared));
}

void SimNetwork::send_on(std::shared_ptr<Parcel> parcel) {
  Connection& connection = connection_of(*parcel);
  const Instant now = scheduler_.now();
  if (connection.broken_until > now) {
    ++counters_.lost;
    return;
  }
  random_.begin("parcel");
  if (random_.permille(options_.loss_permille)) return lose(parcel, connection);
  const bool spike = random_.permille(options_.spike_permille);
  const Duration delay = draw(options_.delay_min, spike ? options_.spike_max : options_.delay_max);
  Instant& last = parcel->is_reply ? connection.last_reply : connection.last_request;
  last = std::max(last + parcel_gap_, now + delay);
  const Instant due = last;
  if (random_.permille(options_.duplicate_permille)) {
    ++counters_.duplicated;
    deliver_at(due + draw({}, options_.duplicate_late_max), parcel);
  }
  deliver_at(due, std::move(parcel));
}

void SimNetwork::lose(const std::shared_ptr<Parcel>& parcel, Connection& connection) {
  ++counters_.lost;
  random_.begin("loss");
  const Duration notice = draw({}, options_.loss_notice_max);
  connection.broken_until = std::max(connection.broken_until, scheduler_.now() + notice);
  scheduler_.after(notice, kLostTag, [parcel] { parcel->lost(); });
}

/// The first delivery alone is answered, so a duplicate that overtakes only swaps the two.
void SimNetwork::deliver_at(Instant due, std::shared_ptr<Parcel> parcel) {
  scheduler_.at(due, kDeliverTag, [parcel = std::move(parcel)] { parcel->deliver(); });
}

void SimNetwork::cut(const ServerAddress& from, const ServerAddress& to, CutMode mode) {
  Link& way = link(from, to);
  way.is_cut = true;
  way.mode = mode;
}

void SimNetwork::heal(const ServerAddress& from, const ServerAddress& to) {
  Link& way = link(from, to);
  way.is_cut = false;
  for (std::shared_ptr<Parcel>& parcel : std::exchange(way.held, {}))
    send_on(std::move(parcel));
}

void SimNetwork::heal_all() {
  for (const auto& [key, way] : links_)
    heal(addresses_[key.first], addresses_[key.second]);
}

bool SimNetwork::any_cut() const {
  return std::any_of(links_.begin(), links_.end(),
                     [](const auto& entry) { return entry.second.is_cut; });
}

std::uint32_t SimNetwork::number_of(const ServerAddress& address) {
  const auto found = std::find(addresses_.begin(), addresses_.end(), address);
  if (found == addresses_.end()) {
    addresses_.push_back(address);
    return static_cast<std::uint32_t>(addresses_.size() - 1);
  }
  return static_cast<std::uint32_t>(found - addresses_.begin());
}

SimNetwork::Link& SimNetwork::link(const ServerAddress& from, const ServerAddress& to) {
  return links_[{number_of(from), number_of(to)}];
}

SimNetwork::Connection& SimNetwork::connection_of(const Parcel& parcel) {
  const std::uint32_t from = number_of(parcel.from);
  const std::uint32_t to = number_of(parcel.to);
  const LinkKey asks = parcel.is_reply ? LinkKey{to, from} : LinkKey{from, to};
  return connections_[{asks, parcel.channel}];
}

Duration SimNetwork::draw(Duration low, Duration high) {
  return Duration{static_cast<std::int64_t>(random_.between(
      static_cast<std::uint64_t>(low.count()), static_cast<std::uint64_t>(high.count())))};
}

}  // namespace proa::testing
