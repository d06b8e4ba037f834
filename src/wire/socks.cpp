#include <relay/base/ip.hpp>
#include <relay/wire/socks.hpp>

#include <algorithm>
#include <array>
#include <span>

namespace relay::wire {
namespace {

constexpr char version = 5;
constexpr char login_version = 1;
constexpr char no_login = 0;
constexpr char by_password = 2;
constexpr char connect = 1;
constexpr char is_v4 = 1;
constexpr char is_name = 3;
constexpr char is_v6 = 4;

void append_counted(std::string& to, std::string_view text) {
  text = text.substr(0, 255);
  to += static_cast<char>(text.size());
  to += text;
}

/// The words of RFC 1928, section 6.
std::string reason_of(unsigned char reply) {
  constexpr std::array<std::string_view, 9> words{
      "",
      "general failure",
      "not allowed by its rules",
      "network unreachable",
      "host unreachable",
      "connection refused",
      "time to live expired",
      "it does not connect",
      "it does not take such an address",
  };
  if (reply < words.size()) return std::string(words[reply]);
  return "code " + std::to_string(reply);
}

/// The size of the reply's address, of which the first byte may be a length; nothing: no such kind.
std::optional<std::size_t> address_size(char kind, char first) {
  if (kind == is_v4) return 4;
  if (kind == is_v6) return 16;
  if (kind == is_name) return 1 + static_cast<unsigned char>(first);
  return std::nullopt;
}

}  // namespace

std::string write_socks_greeting(bool has_user) {
  std::string made{version, static_cast<char>(has_user ? 2 : 1), no_login};
  if (has_user) made += by_password;
  return made;
}

std::string write_socks_login(std::string_view user, std::string_view password) {
  std::string made{login_version};
  append_counted(made, user);
  append_counted(made, password);
  return made;
}

std::string write_socks_connect(std::string_view host, std::uint16_t port) {
  std::string made{version, connect, 0};
  if (const auto literal = ip_address::parse(host)) {
    made += literal->is_v6() ? is_v6 : is_v4;
    for (const auto byte : literal->bytes()) made += static_cast<char>(byte);
  } else {
    made += is_name;
    append_counted(made, host);
  }
  made += static_cast<char>(port >> 8);
  made += static_cast<char>(port & 0xff);
  return made;
}

socks_choice read_socks_choice(std::string_view seen, bool has_user) {
  socks_choice made;
  if (!seen.empty() && seen[0] != version) {
    made.size = 1;
    made.wrong = "it does not speak SOCKS 5";
    return made;
  }
  if (seen.size() < 2) return made;
  made.size = 2;
  made.wants_login = seen[1] == by_password;
  if (made.wants_login && has_user) return made;
  if (seen[1] == no_login) return made;
  made.wrong =
      has_user ? "it takes no password" : "it asks who you are: put USER:PASSWORD@ into its URL";
  return made;
}

socks_answer read_socks_login(std::string_view seen) {
  if (seen.size() < 2) return {};
  if (seen[1] == 0) return {2, {}};
  return {2, "it refuses this user and password"};
}

socks_answer read_socks_connect(std::string_view seen) {
  if (seen.size() < 5) return {};
  if (seen[0] != version) return {1, "it does not speak SOCKS 5"};
  if (const auto reply = static_cast<unsigned char>(seen[1]); reply != 0)
    return {seen.size(), "it cannot connect: " + reason_of(reply)};
  const auto size = address_size(seen[3], seen[4]);
  if (!size) return {seen.size(), "it does not speak SOCKS 5"};
  const auto whole = 4 + *size + 2;
  return seen.size() < whole ? socks_answer{} : socks_answer{whole, {}};
}

}  // namespace relay::wire
