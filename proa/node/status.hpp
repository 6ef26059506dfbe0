#pragma once

#include <cstdint>
#include <optional>

#include "proa/base/time.hpp"
#include "proa/model/configuration.hpp"

namespace proa {

/// What a server is at the moment. `shutdown` is final.
enum class Role : std::uint8_t { follower, candidate, leader, shutdown };

/// The state of a node at the end of one of its turns.
struct Status {
  Role role = Role::follower;
  Term term = {};
  std::optional<Server> leader = {};  ///< whom this server knows to lead in `term`
  LogPosition last_log = {};          ///< of log and snapshot the later
  LogIndex commit_index = {};
  LogIndex durable_index = {};  ///< of the log on this server's disk
  LogIndex applied_index = {};  ///< the state machine has run everything up to here
  LogPosition snapshot = {};
  ConfigurationAt latest_configuration = {};
  ConfigurationAt committed_configuration = {};
  std::optional<Instant> last_contact = {};  ///< with the leader, or as one with any follower
};

const char* to_string(Role role);  ///< the model's word, e.g. `Follower`

}  // namespace proa
