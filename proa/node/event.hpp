#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "proa/base/error.hpp"
#include "proa/base/fn.hpp"
#include "proa/model/configuration.hpp"
#include "proa/node/status.hpp"

namespace proa {

struct RoleChanged {
  Role role = {};
  Term term = {};
  friend bool operator==(const RoleChanged&, const RoleChanged&) = default;
};

struct LeaderChanged {
  std::optional<Server> leader = {};  ///< nothing: not known
  Term term = {};
  friend bool operator==(const LeaderChanged&, const LeaderChanged&) = default;
};

/// The latest configuration, in force whether it is committed or not.
struct ConfigurationChanged {
  ConfigurationAt configuration = {};
  friend bool operator==(const ConfigurationChanged&, const ConfigurationChanged&) = default;
};

/// A follower no longer has entries that it had acknowledged. It is filled again.
struct PeerLostLog {
  ServerId peer = {};
  std::string detail = {};
  friend bool operator==(const PeerLostLog&, const PeerLostLog&) = default;
};

/// Another server sent what no healthy one sends; it was refused.
struct PeerMisbehaved {
  ServerId peer = {};
  std::string detail = {};
  friend bool operator==(const PeerMisbehaved&, const PeerMisbehaved&) = default;
};

/// The node has stopped by itself.
struct NodeDied {
  Error why = {};
  friend bool operator==(const NodeDied&, const NodeDied&) = default;
};

using Event = std::variant<RoleChanged, LeaderChanged, ConfigurationChanged, PeerLostLog,
                           PeerMisbehaved, NodeDied>;

class Publisher;

/// Ends when it is destroyed; a call that runs at that moment on the loop still ends by itself.
/// Threads: any.
class Subscription {
 public:
  Subscription() = default;
  Subscription(std::weak_ptr<Publisher> publisher, std::uint64_t number)
      : publisher_(std::move(publisher)), number_(number) {}
  Subscription(Subscription&& other) noexcept = default;
  Subscription& operator=(Subscription&& other) noexcept;
  ~Subscription() { end(); }

 private:
  void end();

  std::weak_ptr<Publisher> publisher_;
  std::uint64_t number_ = 0;
};

}  // namespace proa
