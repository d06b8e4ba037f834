#include <relay/base/cidr.hpp>
#include <relay/base/text.hpp>
#include <relay/base/web_proxy.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace relay {
namespace {

std::string lower(std::string_view text) {
  std::string made(text);
  for (auto& c : made)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return made;
}

/// `%40` as `@`; nothing where two digits are missing.
std::optional<std::string> unescaped(std::string_view text) {
  std::string made;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      made += text[at];
      continue;
    }
    unsigned value = 0;
    const auto digits = text.substr(at + 1, 2);
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() != 2 || ec != std::errc{} || end != digits.data() + 2) return std::nullopt;
    made += static_cast<char>(value);
    at += 2;
  }
  return made;
}

/// A URL of a proxy, its parts not looked at.
struct parts {
  std::string_view scheme, user, rest;
  bool has_user = false;
};

parts take_apart(std::string_view text) {
  parts made;
  if (const auto end = text.find("://"); end != text.npos) {
    made.scheme = text.substr(0, end);
    text.remove_prefix(end + 3);
  }
  auto authority = text.substr(0, text.find_first_of("/?#"));
  if (const auto at = authority.rfind('@'); at != authority.npos) {
    made.has_user = true;
    made.user = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  made.rest = authority;
  return made;
}

bool take_user(web_proxy& into, std::string_view text) {
  const auto colon = text.find(':');
  auto user = unescaped(text.substr(0, colon));
  auto password =
      colon == text.npos ? std::optional(std::string()) : unescaped(text.substr(colon + 1));
  if (!user || !password || user->size() > 255 || password->size() > 255) return false;
  const auto is_unfit = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; };
  if (std::ranges::any_of(*user + *password, is_unfit)) return false;
  into.user = *std::move(user);
  into.password = *std::move(password);
  return true;
}

/// Of one item of NO_PROXY: a block, or the very address.
bool is_of(std::string_view item, const ip_address& address) {
  const auto block = cidr::parse(item);
  return block && block->contains(address);
}

/// `host:port` in one item; port 0: any.
struct listed {
  std::string host;
  std::uint16_t port = 0;
};

listed read_item(std::string_view item) {
  listed made;
  if (const auto colon = item.rfind(':');
      colon != item.npos && (item.find(':') == colon || item[colon - 1] == ']')) {
    const auto digits = item.substr(colon + 1);
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), made.port);
    if (ec == std::errc{} && end == digits.data() + digits.size())
      item = item.substr(0, colon);
    else
      made.port = 0;
  }
  if (item.starts_with('[') && item.ends_with(']')) item = item.substr(1, item.size() - 2);
  made.host = lower(item);
  return made;
}

bool is_on(const listed& item, const host_port& server) {
  if (item.port != 0 && item.port != server.ports.first) return false;
  if (server.address) return is_of(item.host, *server.address);
  auto host = lower(server.host);
  if (host.ends_with('.')) host.pop_back();
  auto domain = std::string_view(item.host);
  if (domain.starts_with("*.")) domain.remove_prefix(1);
  if (domain.starts_with('.')) return host.ends_with(domain);
  return !domain.empty() && (host == domain || host.ends_with('.' + std::string(domain)));
}

bool is_this_machine(const host_port& server) {
  return server.address ? server.address->is_loopback() : lower(server.host) == "localhost";
}

}  // namespace

parsed<web_proxy> parse_web_proxy(std::string_view text) {
  using answer = parsed<web_proxy>;
  const auto shown = '`' + shown_web_proxy(text) + '`';
  const auto of = take_apart(text);
  web_proxy made;
  if (of.scheme == "socks5" || of.scheme == "socks5h") {
    made.speaks = web_proxy::kind::socks5;
  } else if (!of.scheme.empty() && of.scheme != "http") {
    return answer::bad(shown + " is no proxy of a known kind; it takes http:// or socks5://");
  }
  if (of.has_user && !take_user(made, of.user))
    return answer::bad(shown + ": user or password cannot be read; write odd characters as %XX");
  const auto colon = of.rest.rfind(':');
  const auto bracket = of.rest.rfind(']');
  const bool has_port = colon != of.rest.npos && (bracket == of.rest.npos || colon > bracket);
  const bool is_socks = made.speaks == web_proxy::kind::socks5;
  auto at = parse_remote(std::string(of.rest) + (has_port ? "" : is_socks ? ":1080" : ":80"));
  if (!at) return answer::bad("the proxy " + shown + ": " + at.wrong);
  if (at->ports.size() > 1) return answer::bad("the proxy " + shown + " has more than one port");
  made.at = *std::move(at.value);
  return answer::good(std::move(made));
}

std::string shown_web_proxy(std::string_view text) {
  const auto of = take_apart(text);
  if (!of.has_user) return std::string(text);
  const auto colon = of.user.find(':');
  if (colon == of.user.npos) return std::string(text);
  const auto begin = static_cast<std::size_t>(of.user.data() - text.data()) + colon + 1;
  std::string made(text);
  return made.replace(begin, of.user.size() - colon - 1, "***");
}

bool is_listed_in_no_proxy(std::string_view list, const host_port& server) {
  return std::ranges::any_of(split(list, ','), [&](std::string_view item) {
    return item == "*" || is_on(read_item(item), server);
  });
}

std::string proxy_from_environment(
    const ws_url& to, const std::function<std::optional<std::string>(const char*)>& variable) {
  const auto first_of = [&](std::array<const char*, 2> names) {
    for (const auto* name : names)
      if (auto value = variable(name); value && !value->empty()) return *std::move(value);
    return std::string();
  };
  if (is_this_machine(to.at)) return {};
  if (is_listed_in_no_proxy(first_of({"NO_PROXY", "no_proxy"}), to.at)) return {};
  return to.tls ? first_of({"HTTPS_PROXY", "https_proxy"}) : first_of({"HTTP_PROXY", "http_proxy"});
}

}  // namespace relay
