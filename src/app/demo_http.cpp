#include "demo_http.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace relay::app {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::use_awaitable;
using asio::ip::tcp;
using namespace std::chrono_literals;

constexpr std::uint64_t most_bytes = 1ULL << 30;
constexpr std::uint64_t most_body = 1ULL << 20;
constexpr std::uint32_t most_header = 16 * 1024;
constexpr std::size_t most_connections = 256;
constexpr auto patience = 30s;  // for one request, or one chunk of an answer

using request = http::request<http::string_body>;
using response = http::response<http::string_body>;

constexpr std::string_view greeting =
    "Hello from the demo. You asked relay, relay asked this small web server inside the same\n"
    "program, and the answer came back the same way.\n"
    "\n"
    "  GET  /bytes/N   N bytes, for speed tests (up to 1 GiB)\n"
    "  POST /echo      what you send (up to 1 MiB)\n";

/// N of `/bytes/N`.
std::optional<std::uint64_t> bytes_wanted(std::string_view target) {
  constexpr std::string_view prefix = "/bytes/";
  if (!target.starts_with(prefix)) return {};
  target.remove_prefix(prefix.size());
  std::uint64_t count = 0;
  const auto [end, ec] = std::from_chars(target.data(), target.data() + target.size(), count);
  if (ec != std::errc{} || end != target.data() + target.size() || count > most_bytes) return {};
  return count;
}

response answer_to(const request& asked) {
  response answer(http::status::ok, asked.version());
  answer.set(http::field::content_type, "text/plain; charset=utf-8");
  answer.keep_alive(asked.keep_alive());
  if (asked.target() == "/" && asked.method() == http::verb::get) {
    answer.body() = greeting;
  } else if (asked.target() == "/echo" && asked.method() == http::verb::post) {
    answer.set(http::field::content_type, "application/octet-stream");
    answer.body() = asked.body();
  } else {
    answer.result(http::status::not_found);
    answer.body() = "nothing here; try /\n";
  }
  answer.prepare_payload();
  return answer;
}

/// Streams zeros, so that a gigabyte needs no memory.
asio::awaitable<void> send_bytes(beast::tcp_stream& client, const request& asked,
                                 std::uint64_t count) {
  static constexpr std::array<char, 64 * 1024> zeros{};
  http::response<http::empty_body> head(http::status::ok, asked.version());
  head.set(http::field::content_type, "application/octet-stream");
  head.keep_alive(asked.keep_alive());
  head.content_length(count);
  http::response_serializer<http::empty_body> serializer(head);
  client.expires_after(patience);
  co_await http::async_write_header(client, serializer, use_awaitable);
  while (count > 0) {
    const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(count, zeros.size()));
    const auto chunk = asio::buffer(zeros.data(), length);
    client.expires_after(patience);
    co_await asio::async_write(client, chunk, use_awaitable);
    count -= length;
  }
}

/// One connection, until the client has had enough. Errors of the network end it by exception.
asio::awaitable<void> converse(beast::tcp_stream client) {
  beast::flat_buffer buffer;
  for (bool more = true; more;) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(most_body);
    parser.header_limit(most_header);
    client.expires_after(patience);
    co_await http::async_read(client, buffer, parser, use_awaitable);
    const auto asked = parser.release();
    more = asked.keep_alive();
    const auto count = bytes_wanted({asked.target().data(), asked.target().size()});
    if (count && asked.method() == http::verb::get) {
      co_await send_bytes(client, asked, *count);
      continue;
    }
    const auto answer = answer_to(asked);
    client.expires_after(patience);
    co_await http::async_write(client, answer, use_awaitable);
  }
  boost::system::error_code ignored;  // the client may have gone first
  client.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

}  // namespace

class demo_http::impl {
 public:
  impl() : acceptor_(loop_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    const auto ended = [](const std::exception_ptr&) {};
    asio::co_spawn(loop_, accept(), ended);
    thread_ = std::thread([this] { loop_.run(); });
  }
  // Nobody waits for a demo's connections: they are destroyed with the loop that holds them.
  ~impl() {
    loop_.stop();
    thread_.join();
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  asio::awaitable<void> accept() {
    constexpr auto token = asio::as_tuple(use_awaitable);
    asio::steady_timer pause(loop_);
    for (;;) {
      auto [ec, socket] = co_await acceptor_.async_accept(token);
      if (ec) {  // out of descriptors, say
        pause.expires_after(100ms);
        co_await pause.async_wait(token);
      } else if (connections_ < most_connections) {
        begin(beast::tcp_stream(std::move(socket)));
      }
    }
  }

  void begin(beast::tcp_stream client) {
    ++connections_;
    // A failed connection is the client's business: the demo has no log.
    const auto ended = [this](const std::exception_ptr&) { --connections_; };
    asio::co_spawn(loop_, converse(std::move(client)), ended);
  }

  std::size_t connections_ = 0;  // outlives `loop_`, whose coroutines refer to it
  asio::io_context loop_{1};
  tcp::acceptor acceptor_;
  std::thread thread_;
};

demo_http::demo_http() : impl_(std::make_unique<impl>()) {}
demo_http::~demo_http() = default;
std::uint16_t demo_http::port() const { return impl_->port(); }

}  // namespace relay::app
