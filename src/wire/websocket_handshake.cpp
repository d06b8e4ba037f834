#include <relay/wire/websocket_handshake.hpp>

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>

#include <algorithm>
#include <iterator>
#include <optional>

namespace relay::wire {
namespace {

namespace http = boost::beast::http;
using boost::beast::iequals;

// What web servers say that serve nothing here. There is no way to tell from it what else would.
constexpr std::string_view not_found =
    "HTTP/1.1 404 Not Found\r\n"
    "Content-Type: text/html\r\n"
    "Content-Length: 95\r\n"
    "Connection: close\r\n"
    "\r\n"
    "<html>\n<head><title>Not Found</title></head>\n"
    "<body><h1>404 - Page not found</h1></body>\n"
    "</html>";
constexpr std::string_view not_found_to_head = not_found.substr(0, not_found.find("<html>"));
static_assert(not_found.size() - not_found_to_head.size() == 95);
constexpr std::string_view bad_request =
    "HTTP/1.1 400 Bad Request\r\n"
    "Content-Length: 0\r\n"
    "Connection: close\r\n"
    "\r\n";

/// What no head holds; a TLS hello or another binary protocol is found out by it at once.
bool is_foreign(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < ' ' && c != '\r' && c != '\n' && c != '\t') || byte == 0x7f;
}

/// The size of the head at the start of `seen`, 0 while its end is not there, or why there is none.
struct extent {
  std::size_t size = 0;
  std::string_view wrong;
};

extent measure(std::string_view seen) {
  const auto within = seen.substr(0, longest_ws_head);
  const auto end = within.find("\r\n\r\n");
  const auto head = end == std::string_view::npos ? within : within.substr(0, end + 4);
  if (std::ranges::any_of(head, is_foreign)) return {0, "what came is not HTTP"};
  if (end != std::string_view::npos) return {head.size(), {}};
  if (seen.size() >= longest_ws_head) return {0, "the head is longer than 8 KiB"};
  return {};
}

/// The headers of a message, read by Beast. What is said of them is what both sides demand.
template <bool is_request>
class head {
 public:
  explicit head(std::string_view text) {
    parser_.header_limit(longest_ws_head);
    parser_.body_limit(boost::none);  // whatever it announces, no body is read
    parser_.put(boost::asio::buffer(text), ec_);
  }

  bool is_http() const { return !ec_ && parser_.is_header_done(); }
  const auto& message() const { return parser_.get(); }

  /// The value of a header that must be there once.
  std::optional<std::string_view> only(http::field name) const {
    if (message().count(name) != 1) return std::nullopt;
    const auto value = message()[name];
    return std::string_view(value.data(), value.size());
  }
  /// Why it is not an upgrade to WebSocket; empty: it is.
  std::string_view objection() const {
    const auto count = std::distance(message().begin(), message().end());
    if (static_cast<std::size_t>(count) > most_ws_headers) return "more than 32 headers";
    if (message().version() != 11) return "not HTTP/1.1";
    const auto upgrade = only(http::field::upgrade);
    if (!upgrade || !iequals(*upgrade, "websocket")) return "no `upgrade: websocket`";
    for (const auto& field : message()) {
      if (field.name() != http::field::connection) continue;
      if (http::token_list(field.value()).exists("upgrade")) return {};
    }
    return "no `connection: upgrade`";
  }

 private:
  http::parser<is_request, http::empty_body> parser_;
  boost::system::error_code ec_;
};

ws_head_refusal refuse(std::string_view why, std::string_view answer = {}) {
  return {std::string(why), answer};
}

std::string_view objection(const head<true>& of, std::string_view host, std::string_view path) {
  const auto& message = of.message();
  if (message.method() != http::verb::get) return "the method is not GET";
  if (const auto target = message.target();
      std::string_view(target.data(), target.size()) != path) {
    return "another path";
  }
  if (of.only(http::field::host) != host) return "another host";
  if (const auto wrong = of.objection(); !wrong.empty()) return wrong;
  if (of.only(http::field::sec_websocket_version) != "13") return "no `sec-websocket-version: 13`";
  if (!of.only(http::field::sec_websocket_key)) return "no `sec-websocket-key`";
  return {};
}

}  // namespace

std::string write_ws_request(std::string_view host, std::string_view path, std::string_view key) {
  std::string made;
  made.reserve(160 + host.size() + path.size());
  made.append("GET ").append(path).append(" HTTP/1.1\r\nhost: ").append(host);
  made.append("\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-key: ").append(key);
  return made.append("\r\nsec-websocket-version: 13\r\n\r\n");
}

std::string write_ws_reply(std::string_view key) {
  return "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
         "sec-websocket-accept: " +
         ws_accept(key) + "\r\n\r\n";
}

ws_request_answer read_ws_request(std::string_view seen, std::string_view host,
                                  std::string_view path) {
  const auto found = measure(seen);
  if (!found.wrong.empty()) return refuse(found.wrong, bad_request);
  if (found.size == 0) return ws_head_needs{};
  const head<true> read(seen.substr(0, found.size));
  if (!read.is_http()) return refuse("what came is not HTTP", bad_request);
  if (const auto wrong = objection(read, host, path); !wrong.empty()) {
    const bool wants_head = read.message().method() == http::verb::head;
    return refuse(wrong, wants_head ? not_found_to_head : not_found);
  }
  return ws_request{found.size, std::string(*read.only(http::field::sec_websocket_key))};
}

ws_reply_answer read_ws_reply(std::string_view seen, std::string_view key) {
  const auto found = measure(seen);
  if (!found.wrong.empty()) return refuse(found.wrong);
  if (found.size == 0) return ws_head_needs{};
  const head<false> read(seen.substr(0, found.size));
  if (!read.is_http()) return refuse("what came is not HTTP");
  if (const auto status = read.message().result_int(); status != 101) {
    return refuse("status " + std::to_string(status) + " in place of 101");
  }
  if (const auto wrong = read.objection(); !wrong.empty()) return refuse(wrong);
  if (read.only(http::field::sec_websocket_accept) != ws_accept(key)) {
    return refuse("`sec-websocket-accept` does not fit the key");
  }
  return ws_reply{found.size};
}

}  // namespace relay::wire
