#pragma once

/// For programs that bring their own boost::asio::io_context, or wait for futures as Asio does.
#include "proa/runtime/asio.hpp"
