#include "proa/model/configuration.hpp"

#include <algorithm>

namespace proa {

const Server* Configuration::find(const ServerId& id) const {
  const auto found = std::find_if(servers.begin(), servers.end(),
                                  [&](const Server& server) { return server.id == id; });
  return found == servers.end() ? nullptr : &*found;
}

bool Configuration::has_vote(const ServerId& id) const {
  const Server* server = find(id);
  return server != nullptr && server->suffrage == Suffrage::voter;
}

std::size_t Configuration::voters() const {
  return static_cast<std::size_t>(
      std::count_if(servers.begin(), servers.end(),
                    [](const Server& server) { return server.suffrage == Suffrage::voter; }));
}

Result<void> validate(const Configuration& configuration) {
  const auto wrong = [](const std::string& what, const std::string& which) {
    return fail(Error{.code = Errc::invalid_config,
                      .outcome = Outcome::not_executed,
                      .detail = what + " in configuration: " + which});
  };
  const std::vector<Server>& servers = configuration.servers;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const Server& server = servers[i];
    if (server.id.value.empty()) return wrong("empty ID", to_string(server));
    if (server.address.value.empty()) return wrong("empty address", to_string(server));
    for (std::size_t before = 0; before < i; ++before) {
      if (servers[before].id == server.id) return wrong("found duplicate ID", server.id.value);
      if (servers[before].address == server.address) {
        return wrong("found duplicate address", server.address.value);
      }
    }
  }
  if (configuration.voters() == 0)
    return wrong("need at least one voter", to_string(configuration));
  return {};
}

std::string to_string(const Configuration& configuration) {
  std::string text = "{[";
  for (const Server& server : configuration.servers) {
    if (text.size() > 2) text += " ";
    text += to_string(server);
  }
  return text + "]}";
}

}  // namespace proa
