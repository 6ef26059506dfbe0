#pragma once

#include <cstdint>
#include <vector>

#include "proa/base/ids.hpp"
#include "proa/model/configuration.hpp"

namespace proa::core {

/// The newest committed configuration and all after it. A server uses the latest in its log,
/// committed or not (paper §6); a truncation brings the one before back into force.
/// Threads: one at a time.
class Configurations {
 public:
  explicit Configurations(ConfigurationAt committed);

  const ConfigurationAt& latest() const { return stack_.back(); }
  const ConfigurationAt& committed() const { return stack_.front(); }
  bool is_stable() const { return stack_.size() == 1; }  ///< the latest is committed
  /// Another one whenever latest or committed may differ; an index alone does not tell, since a
  /// configuration may take the place of one that was truncated.
  std::uint64_t revision() const { return revision_; }

  void append(ConfigurationAt configuration);
  void truncate_from(LogIndex index);
  void commit(LogIndex commit_index);
  /// A snapshot covers the log up to `last`; what is newer stays if it is still in the log.
  void install(ConfigurationAt configuration, LogIndex last);
  /// The log begins anew, behind a snapshot with this one.
  void restart(ConfigurationAt configuration);

 private:
  std::vector<ConfigurationAt> stack_;  ///< never empty, indexes strictly increasing
  std::uint64_t revision_ = 1;
};

}  // namespace proa::core
