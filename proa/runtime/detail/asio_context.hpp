#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "proa/base/logger.hpp"

namespace proa::detail {

/// What the stream layers need of a runtime.
struct AsioContext {
  boost::asio::io_context& io;
  std::shared_ptr<Logger> logger;
};

}  // namespace proa::detail
