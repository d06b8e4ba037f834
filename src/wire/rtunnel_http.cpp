#include "http_head.hpp"

#include <relay/wire/rtunnel_http.hpp>

#include <array>
#include <utility>

namespace relay::wire {
namespace {

http_head read_head(std::string_view seen) {
  return read_http_head(seen, longest_rtunnel_head, most_rtunnel_headers);
}

/// The spellings of the reference's reader; another one counts as not said.
std::optional<bool> read_first(std::string_view text) {
  for (const auto word : {"1", "t", "T", "true", "TRUE", "True"})
    if (text == word) return true;
  for (const auto word : {"0", "f", "F", "false", "FALSE", "False"})
    if (text == word) return false;
  return std::nullopt;
}

bool is_index(std::string_view target) {
  target = target.substr(0, target.find('?'));
  return target == "/" || target == "/index.html";
}

rtunnel_visitor bad(std::string why, int status = 400) { return {std::move(why), status}; }

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 426:
      return "Upgrade Required";
    default:
      return "Bad Request";
  }
}

struct advice {
  int status;
  std::string_view text;
};
constexpr std::array<advice, 15> advices{{
    {200, "a web server answers there, not rtunnel: correct the host, the port or the path"},
    {301, "the server sends everybody elsewhere: use the URL that it names"},
    {302, "the server sends everybody elsewhere: use the URL that it names"},
    {307, "the server sends everybody elsewhere: use the URL that it names"},
    {308, "the server sends everybody elsewhere: use the URL that it names"},
    {400, "the far end takes it for a bad request: is it rtunnel, and is TLS meant (wss)?"},
    {401, "a proxy in between asks who you are: let it pass this path without a login"},
    {403, "a proxy in between forbids it: let it pass this path"},
    {404, "nothing serves this path: correct the path of the URL"},
    {405, "the path is of another program: correct the path of the URL"},
    {407, "the proxy asks who you are: put USER:PASSWORD@ into its URL"},
    {426, "a proxy in between does not pass WebSocket on: let it pass `Upgrade`"},
    {502,
     "a proxy in between does not reach the rtunnel server: start the server, or correct the "
     "proxy"},
    {503, "a proxy in between has no server to pass it to: start the server, or correct the proxy"},
    {504,
     "a proxy in between waits for the rtunnel server in vain: start the server, or correct "
     "the proxy"},
}};

/// What is wrong with the upgrade itself; empty: nothing.
std::string_view objection(const http_head& head) {
  if (head.value("sec-websocket-version") != "13") return "no `sec-websocket-version: 13`";
  if (head.value("sec-websocket-key").empty()) return "no `sec-websocket-key`";
  return {};
}

}  // namespace

std::string_view advice_on_status(int status) {
  for (const auto& each : advices)
    if (each.status == status) return each.text;
  return {};
}

// In the order and the spelling of the reference: some servers are as old as that.
std::string write_rtunnel_request(const rtunnel_ask& what) {
  std::string made;
  made.reserve(320 + what.host.size() + what.target.size() + what.ours.size());
  made.append("GET ").append(what.target).append(" HTTP/1.1\r\nHost: ").append(what.host);
  made.append("\r\nUser-Agent: relay\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ");
  made.append(what.key).append("\r\nSec-WebSocket-Version: 13\r\nUpgrade: websocket\r\n");
  if (what.first) made.append("X-Session-First: ").append(*what.first ? "true\r\n" : "false\r\n");
  made.append("X-Session-ID: ").append(what.session).append("\r\n");
  if (!what.ours.empty()) made.append("X-Relay-Resume: ").append(what.ours).append("\r\n");
  return made.append("\r\n");
}

std::string write_rtunnel_reply(std::string_view key, std::string_view ours) {
  std::string made =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: ";
  made.append(ws_accept(key)).append("\r\n");
  if (!ours.empty()) made.append("X-Relay-Resume: ").append(ours).append("\r\n");
  return made.append("\r\n");
}

rtunnel_request_answer read_rtunnel_request(std::string_view seen) {
  const auto head = read_head(seen);
  if (head.is_broken) return bad("what came is not HTTP");
  if (head.size == 0) return ws_head_needs{};
  const auto line = read_request_line(head.first_line);
  if (line.method.empty()) return bad("what came is not HTTP");
  const bool upgrades = head.lists("connection", "upgrade") && head.lists("upgrade", "websocket");
  if (!upgrades) {
    const bool reads = line.method == "GET" || line.method == "HEAD";
    return rtunnel_visitor{"a request without `upgrade: websocket`",
                           reads && is_index(line.target) ? 200 : 404, line.method == "HEAD"};
  }
  const auto session = head.value("x-session-id");
  if (session.empty()) return bad("no `x-session-id`");
  if (session.size() > longest_rtunnel_session) return bad("`x-session-id` is too long");
  if (line.method != "GET") return bad("the method is not GET", 405);
  if (const auto wrong = objection(head); !wrong.empty()) return bad(std::string(wrong));
  return rtunnel_request{head.size, std::string(head.value("sec-websocket-key")),
                         std::string(session), read_first(head.value("x-session-first")),
                         std::string(head.value("x-relay-resume"))};
}

rtunnel_reply_answer read_rtunnel_reply(std::string_view seen, std::string_view key) {
  const auto refuse = [](std::string why) { return ws_head_refusal{std::move(why), {}}; };
  const auto head = read_head(seen);
  if (head.is_broken) return refuse("what came is not HTTP: is TLS meant (wss)?");
  if (head.size == 0) return ws_head_needs{};
  const auto status = read_status_line(head.first_line);
  if (status == 0) return refuse("what came is not HTTP");
  if (status != 101) {
    auto why = "HTTP status " + std::to_string(status);
    if (const auto to = advice_on_status(status); !to.empty()) why.append(": ").append(to);
    if (const auto where = head.value("location"); !where.empty())
      why.append(" (").append(where).append(")");
    return refuse(std::move(why));
  }
  if (!head.lists("connection", "upgrade") || !head.lists("upgrade", "websocket"))
    return refuse("a 101 without `upgrade: websocket`");
  if (head.value("sec-websocket-accept") != ws_accept(key))
    return refuse("`sec-websocket-accept` does not fit the key: a proxy in between answers");
  if (!head.value("sec-websocket-extensions").empty())
    return refuse("an extension that was not asked for");
  return rtunnel_reply{head.size, std::string(head.value("x-relay-resume"))};
}

std::string answer_rtunnel_visitor(const rtunnel_visitor& to,
                                   const std::optional<std::string>& index) {
  const auto status = to.status == 200 && !index ? 404 : to.status;
  const auto* const type = status == 200 ? "text/html; charset=utf-8" : "text/plain; charset=utf-8";
  const auto body = status == 200   ? *index
                    : status == 404 ? std::string("404 page not found\n")
                                    : to.why + '\n';
  std::string made = "HTTP/1.1 " + std::to_string(status) + ' ';
  made.append(reason_of(status)).append("\r\nContent-Type: ").append(type);
  made.append("\r\nContent-Length: ").append(std::to_string(body.size()));
  made.append("\r\nConnection: close\r\n\r\n");
  return to.wants_head ? made : made + body;
}

}  // namespace relay::wire
