#pragma once
// Precompiled in sanitizer builds only (RELAY_PCH): half of a file's compile time is Asio.
#include <relay/net/asio.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
