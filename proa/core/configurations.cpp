#include "proa/core/configurations.hpp"

#include <algorithm>
#include <utility>

#include "proa/base/assert.hpp"
#include "proa/base/mutant.hpp"

namespace proa::core {

Configurations::Configurations(ConfigurationAt committed) : stack_{std::move(committed)} {}

void Configurations::append(ConfigurationAt configuration) {
  PROA_ASSERT(latest().index < configuration.index);
  if (mutant("configuration before the newest forgotten")) stack_.clear();
  stack_.push_back(std::move(configuration));
  ++revision_;
}

void Configurations::truncate_from(LogIndex index) {
  PROA_ASSERT(committed().index < index);
  while (index <= latest().index) {
    stack_.pop_back();
    ++revision_;
  }
}

void Configurations::commit(LogIndex commit_index) {
  const auto newer = std::find_if(stack_.begin() + 1, stack_.end(), [&](const ConfigurationAt& at) {
    return commit_index < at.index;
  });
  if (newer - 1 == stack_.begin()) return;
  stack_.erase(stack_.begin(), newer - 1);
  ++revision_;
}

void Configurations::install(ConfigurationAt configuration, LogIndex last) {
  std::erase_if(stack_, [&](const ConfigurationAt& at) { return at.index <= last; });
  stack_.insert(stack_.begin(), std::move(configuration));
  ++revision_;
}

void Configurations::restart(ConfigurationAt configuration) {
  stack_.clear();
  stack_.push_back(std::move(configuration));
  ++revision_;
}

}  // namespace proa::core
