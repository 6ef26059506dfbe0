#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "proa/base/ids.hpp"
#include "proa/base/result.hpp"

namespace proa {

/// Who is in the cluster. The order of the servers is part of it.
struct Configuration {
  std::vector<Server> servers = {};

  bool empty() const { return servers.empty(); }
  const Server* find(const ServerId& id) const;  ///< nullptr: not a member
  bool is_member(const ServerId& id) const { return find(id) != nullptr; }
  bool has_vote(const ServerId& id) const;
  std::size_t voters() const;
  std::size_t quorum() const { return voters() / 2 + 1; }  ///< voters that make a majority

  friend bool operator==(const Configuration&, const Configuration&) = default;
};

/// A configuration and the index of the entry that holds it (0: none yet).
struct ConfigurationAt {
  Configuration configuration = {};
  LogIndex index = {};
  friend bool operator==(const ConfigurationAt&, const ConfigurationAt&) = default;
};

/// The model's checkConfiguration (reference §8.13.3): ids and addresses present and unique, at
/// least one voter. Errors: invalid_config, naming the first server that is wrong.
Result<void> validate(const Configuration& configuration);

std::string to_string(const Configuration& configuration);  ///< the model's form, `{[{...} ...]}`

}  // namespace proa
