#pragma once

#include <span>
#include <string_view>
#include <variant>

#include "kv/command.hpp"
#include "kv/query.hpp"
#include "kv/reply.hpp"

namespace proa::server {

using Arguments = std::span<const SharedBytes>;  ///< the first is the command's name

/// What a request asks of the store, or why it is none.
using DataRequest = std::variant<kv::Command, kv::Query, kv::Refusal>;

// Each makes a command or a query of a request whose number of arguments is right. A command points
// into the arguments.
DataRequest parse_get(Arguments arguments);
DataRequest parse_set(Arguments arguments);
DataRequest parse_getset(Arguments arguments);
DataRequest parse_del(Arguments arguments);
DataRequest parse_exists(Arguments arguments);
DataRequest parse_incr(Arguments arguments);
DataRequest parse_decr(Arguments arguments);
DataRequest parse_incrby(Arguments arguments);
DataRequest parse_decrby(Arguments arguments);
DataRequest parse_mget(Arguments arguments);
DataRequest parse_mset(Arguments arguments);
DataRequest parse_append(Arguments arguments);
DataRequest parse_strlen(Arguments arguments);
DataRequest parse_dbsize(Arguments arguments);

/// Upper and lower case letters of ASCII are the same.
bool same_word(ByteView argument, std::string_view word);

}  // namespace proa::server
