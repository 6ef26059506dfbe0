#pragma once

#include "proa/base/bytes.hpp"
#include "proa/base/result.hpp"
#include "proa/model/configuration.hpp"

namespace proa::wire {

/// A configuration as an entry and an InstallSnapshot hold it (reference §4.4).
SharedBytes encode_configuration(const Configuration& configuration);
/// Errors: protocol_error.
Result<Configuration> decode_configuration(ByteView bytes);

/// The legacy list of voters' addresses (reference §4.5); whoever is listed is a voter whose id is
/// its address.
SharedBytes encode_peers(const Configuration& configuration);
/// Errors: protocol_error.
Result<Configuration> decode_peers(ByteView bytes);

}  // namespace proa::wire
