#pragma once

#include "proa/base/result.hpp"
#include "proa/core/input.hpp"
#include "proa/model/configuration.hpp"

namespace proa::core {

/// The configuration after a change (the table of reference §8.13.2): one server at most differs
/// (thesis §4.1). A change without effect gives the same configuration, which is appended all the
/// same. Errors: configuration_changed if `based_on` is not the current one; invalid_config if the
/// result would not be valid.
Result<Configuration> change_of(const ConfigurationAt& current, const ChangeRequested& change);

}  // namespace proa::core
