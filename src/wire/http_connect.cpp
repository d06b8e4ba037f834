#include "base64.hpp"
#include "http_head.hpp"

#include <relay/wire/http_connect.hpp>

namespace relay::wire {
namespace {

constexpr std::size_t longest_head = 32768;
constexpr std::size_t most_headers = 128;

std::string advice_on(int status) {
  if (status == 407) return ": it asks who you are; put USER:PASSWORD@ into its URL";
  if (status == 403) return ": its rules forbid this host or port";
  if (status == 502 || status == 503 || status == 504)
    return ": it does not reach the server; is the server running, and its name right?";
  if (status == 400 || status == 404 || status == 405) return ": is it a proxy at all?";
  return {};
}

}  // namespace

std::string write_connect_request(std::string_view to, std::string_view user,
                                  std::string_view password) {
  std::string made = "CONNECT ";
  made.append(to).append(" HTTP/1.1\r\nHost: ").append(to).append("\r\nUser-Agent: relay\r\n");
  if (!user.empty()) {
    const auto pair = std::string(user).append(":").append(password);
    made.append("Proxy-Authorization: Basic ").append(base64(pair)).append("\r\n");
  }
  return made.append("\r\n");
}

connect_reply_answer read_connect_reply(std::string_view seen) {
  const auto head = read_http_head(seen, longest_head, most_headers);
  if (head.is_broken) return ws_head_refusal{"it does not answer in HTTP", {}};
  if (head.size == 0) return ws_head_needs{};
  const auto status = read_status_line(head.first_line);
  if (status == 0) return ws_head_refusal{"it does not answer in HTTP", {}};
  if (status / 100 != 2)
    return ws_head_refusal{"HTTP status " + std::to_string(status) + advice_on(status), {}};
  return connect_reply{head.size};
}

}  // namespace relay::wire
