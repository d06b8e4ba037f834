#pragma once

#include <relay/base/error.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

/// The only header that chooses completion tokens.
namespace relay {

namespace asio = boost::asio;

template <class T = void>
using task = asio::awaitable<T>;

/// I/O errors come back as values: `auto [ec, n] = co_await …`.
using token = asio::as_tuple_t<asio::use_awaitable_t<>>;
using steady_timer = token::as_default_on_t<asio::steady_timer>;

}  // namespace relay
