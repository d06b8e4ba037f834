#include <relay/base/odd_characters.hpp>
#include <relay/base/ws_url.hpp>

#include <algorithm>
#include <array>

namespace relay {
namespace {

struct scheme {
  std::string_view prefix;
  bool tls;
};
constexpr std::array<scheme, 4> schemes{{
    {"ws://", false},
    {"wss://", true},
    {"http://", false},
    {"https://", true},
}};

const scheme* scheme_of(std::string_view text) {
  const auto* const found = std::ranges::find_if(
      schemes, [&](const scheme& each) { return text.starts_with(each.prefix); });
  return found == schemes.end() ? nullptr : found;
}

parsed<ws_url> refuse(std::string sentence) { return parsed<ws_url>::bad(std::move(sentence)); }

/// What would break the request line, or could not stand in it.
bool is_unfit(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= ' ' || byte >= 0x7f;
}

/// The authority with a port behind it, so that a reader of addresses takes it.
std::string with_port(std::string_view authority, bool tls) {
  const auto colon = authority.rfind(':');
  const auto bracket = authority.rfind(']');
  const bool has_port = colon != authority.npos && (bracket == authority.npos || colon > bracket);
  return std::string(authority) + (has_port ? "" : tls ? ":443" : ":80");
}

}  // namespace

bool begins_ws_url(std::string_view text) { return scheme_of(text) != nullptr; }

parsed<ws_url> parse_ws_url(std::string_view text) {
  const auto shown = '`' + std::string(text) + '`';
  if (const auto odd = find_odd_character(text))
    return refuse("there is " + std::string(odd->name) + " in " + shown + "; " + odd->advice());
  const auto* const of = scheme_of(text);
  if (of == nullptr)
    return refuse(shown + " is no URL of a server; write ws://HOST:PORT/PATH, or wss:// for TLS");
  if (std::ranges::any_of(text, is_unfit))
    return refuse("there is a character in " + shown +
                  " that no URL holds; write it as %XX, such as %20 for a blank");
  text.remove_prefix(of->prefix.size());
  text = text.substr(0, text.find('#'));
  const auto authority = text.substr(0, text.find_first_of("/?"));
  const auto target = text.substr(authority.size());
  if (authority.find('@') != authority.npos)
    return refuse(
        "the URL holds a user, which no server of this kind asks for; remove all up to "
        "the `@`");
  if (authority.empty()) return refuse(shown + " names no host; write ws://HOST:PORT/PATH");
  auto at = parse_remote(with_port(authority, of->tls));
  if (!at) return refuse(std::move(at.wrong));
  if (at->ports.size() > 1) return refuse("a URL has one port, not a range");
  return parsed<ws_url>::good(
      {of->tls, std::string(authority), *at.value,
       target.starts_with('/') ? std::string(target) : '/' + std::string(target)});
}

}  // namespace relay
