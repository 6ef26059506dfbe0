#include "proa/driver/peer_links.hpp"

#include <algorithm>
#include <utility>

#include "proa/base/mutant.hpp"

namespace proa::driver {

PeerLink* PeerLinks::to(const core::PeerId& id, const Configuration& latest) {
  const Server* server = latest.find(id);
  const auto known = links_.find(id);
  if (known != links_.end()) {
    Made& link = known->second;
    if (server == nullptr || server->address == link->address()) return link.get();
    link->close();
    link = make_(*server);
    return link.get();
  }
  if (server == nullptr) return nullptr;
  return links_.emplace(id, make_(*server)).first->second.get();
}

/// As long as a removal is not committed the leader still has something to tell who leaves.
void PeerLinks::follow(const core::View& view) {
  const ConfigurationAt& latest = view.latest_configuration;
  const ConfigurationAt& committed = view.committed_configuration;
  const bool has_changed = view.configurations_revision != followed_;
  if (!has_changed && !some_take_leave_) return;
  followed_ = view.configurations_revision;
  some_take_leave_ = false;
  std::erase_if(links_, [&](const auto& at) {
    const auto& [id, link] = at;
    if (const Server* member = latest.configuration.find(id)) {
      if (member->address == link->address()) return false;
    } else {
      if (committed.configuration.is_member(id)) return false;
      if (mutant("link to a removed server waits for answers for ever")) return false;
      some_take_leave_ |= !link->is_idle();
      if (!link->is_idle()) return false;
    }
    link->close();
    return true;
  });
}

void PeerLinks::forget_entries() {
  for (const auto& [id, link] : links_)
    link->forget_entries();
}

std::size_t PeerLinks::most_unanswered() const {
  std::size_t most = 0;
  for (const auto& [id, link] : links_)
    most = std::max(most, link->unanswered());
  return most;
}

void PeerLinks::close_all() {
  for (const auto& [id, link] : std::exchange(links_, {}))
    link->close();
}

}  // namespace proa::driver
