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

/// Whether one of the items between commas is this word, in whatever case.
bool holds(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    auto item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(item.size() + 1, list.size()));
    item.remove_prefix(std::min(item.find_first_not_of(" \t"), item.size()));
    item = item.substr(0, item.find_last_not_of(" \t") + 1);
    if (iequals({item.data(), item.size()}, {word.data(), word.size()})) return true;
  }
  return false;
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
  /// Whether a header whose value is a list, which may stand in several lines, holds this word and
  /// nothing more with it.
  bool lists(http::field name, std::string_view word) const {
    for (const auto& field : message()) {
      if (field.name() == name && holds({field.value().data(), field.value().size()}, word)) {
        return true;
      }
    }
    return false;
  }
  /// Why it is not an upgrade to WebSocket; empty: it is.
  std::string_view objection() const {
    const auto count = std::distance(message().begin(), message().end());
    if (static_cast<std::size_t>(count) > most_ws_headers) return "more than 32 headers";
    if (message().version() != 11) return "not HTTP/1.1";
    // A client may offer several; a server has switched to this one (RFC 6455, 4.1 and 4.2.1).
    const auto only_upgrade = only(http::field::upgrade);
    const bool upgrades = is_request ? lists(http::field::upgrade, "websocket")
                                     : only_upgrade && iequals(*only_upgrade, "websocket");
    if (!upgrades) return "no `upgrade: websocket`";
    if (!lists(http::field::connection, "upgrade")) return "no `connection: upgrade`";
    return {};
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

/// The offered subprotocol that is granted; empty: none. Names of subprotocols have a case.
std::string granted(const head<true>& of, std::string_view only) {
  for (const auto& field : of.message()) {
    if (field.name() != http::field::sec_websocket_protocol) continue;
    for (const auto& each : http::token_list(field.value())) {
      const std::string_view offered(each.data(), each.size());
      if (only.empty() || offered == only) return std::string(offered);
    }
  }
  return {};
}

/// What a reply grants must have been asked for (RFC 6455, 4.1), and nothing need be granted.
std::string_view objection(const head<false>& of, std::string_view protocol) {
  if (of.message().count(http::field::sec_websocket_extensions) > 0) {
    return "an extension that was not offered";
  }
  if (of.message().count(http::field::sec_websocket_protocol) == 0) return {};
  if (protocol.empty()) return "a subprotocol that was not asked for";
  if (of.only(http::field::sec_websocket_protocol) != protocol) return "another subprotocol";
  return {};
}

}  // namespace

std::string write_ws_request(std::string_view host, std::string_view path, std::string_view key,
                             std::string_view protocol) {
  std::string made;
  made.reserve(190 + host.size() + path.size() + protocol.size());
  made.append("GET ").append(path).append(" HTTP/1.1\r\nhost: ").append(host);
  made.append("\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-key: ").append(key);
  made.append("\r\nsec-websocket-version: 13\r\n");
  if (!protocol.empty()) made.append("sec-websocket-protocol: ").append(protocol).append("\r\n");
  return made.append("\r\n");
}

std::string write_ws_reply(std::string_view key, std::string_view protocol) {
  std::string made =
      "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
      "sec-websocket-accept: ";
  made.append(ws_accept(key)).append("\r\n");
  if (!protocol.empty()) made.append("sec-websocket-protocol: ").append(protocol).append("\r\n");
  return made.append("\r\n");
}

ws_request_answer read_ws_request(std::string_view seen, std::string_view host,
                                  std::string_view path, std::string_view protocol) {
  const auto found = measure(seen);
  if (!found.wrong.empty()) return refuse(found.wrong, bad_request);
  if (found.size == 0) return ws_head_needs{};
  const head<true> read(seen.substr(0, found.size));
  if (!read.is_http()) return refuse("what came is not HTTP", bad_request);
  if (const auto wrong = objection(read, host, path); !wrong.empty()) {
    const bool wants_head = read.message().method() == http::verb::head;
    return refuse(wrong, wants_head ? not_found_to_head : not_found);
  }
  return ws_request{found.size, std::string(*read.only(http::field::sec_websocket_key)),
                    granted(read, protocol)};
}

bool may_become_ws_request(std::string_view seen, std::string_view path) {
  std::string first = "GET ";
  first.append(path).append(" HTTP/1.1\r\n");
  const auto common = std::min(first.size(), seen.size());
  if (seen.substr(0, common) != std::string_view(first).substr(0, common)) return false;
  for (auto at = seen.find('\n'); at != seen.npos; at = seen.find('\n', at + 1)) {
    if (seen[at - 1] != '\r') return false;  // some servers take that for the end of a line
  }
  return true;
}

ws_reply_answer read_ws_reply(std::string_view seen, std::string_view key,
                              std::string_view protocol) {
  const auto found = measure(seen);
  if (!found.wrong.empty()) return refuse(found.wrong);
  if (found.size == 0) return ws_head_needs{};
  const head<false> read(seen.substr(0, found.size));
  if (!read.is_http()) return refuse("what came is not HTTP");
  if (const auto status = read.message().result_int(); status != 101) {
    // What a server says that does not know the path, or is none of WebSocket's.
    const bool is_elsewhere = status == 404 || status == 200;
    return refuse(
        "HTTP status " + std::to_string(status) + " in place of 101" +
        (is_elsewhere
             ? ": `host` or `path` is not the server's, or the far end does not speak WebSocket"
             : ""));
  }
  if (const auto wrong = read.objection(); !wrong.empty()) return refuse(wrong);
  if (read.only(http::field::sec_websocket_accept) != ws_accept(key)) {
    return refuse("`sec-websocket-accept` does not fit the key");
  }
  if (const auto wrong = objection(read, protocol); !wrong.empty()) return refuse(wrong);
  return ws_reply{found.size};
}

}  // namespace relay::wire
