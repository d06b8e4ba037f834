#include <relay/base/host_port.hpp>
#include <relay/base/odd_characters.hpp>
#include <relay/base/zoned_address.hpp>

#include <algorithm>
#include <charconv>

namespace relay {

namespace {

std::string quoted(std::string_view text) { return '`' + std::string(text) + '`'; }

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

/// Why `host` cannot be a name; empty when it can. What exactly a name may hold is the resolver's
/// business: this only stops what cannot have been meant.
std::string name_problem(std::string_view host) {
  const auto odd = std::ranges::find_if(host, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= ' ' || byte == 0x7f ||
           std::string_view("/[]:%*\"'\\").find(c) != std::string_view::npos;
  });
  if (odd != host.end()) {
    return quoted(host) + " is neither an address nor a name; IPv6 goes into brackets, [::1]:80";
  }
  if (host.size() > 254) return "a name has at most 253 characters";
  const auto last = host.substr(host.rfind('.') + 1);
  if (all_digits(last) && host.find('.') != std::string_view::npos) {
    return quoted(host) + " is not an IPv4 address; it takes four numbers from 0 to 255";
  }
  return {};
}

parsed<std::uint16_t> parse_port(std::string_view text) {
  std::uint32_t port = 0;
  if (!all_digits(text)) {
    return parsed<std::uint16_t>::bad(quoted(text) + " is not a port; it takes 0 to 65535");
  }
  const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (ec != std::errc{} || port > 65535) {
    return parsed<std::uint16_t>::bad("port " + std::string(text) + " is above 65535");
  }
  return parsed<std::uint16_t>::good(static_cast<std::uint16_t>(port));
}

parsed<port_range> parse_ports(std::string_view text) {
  using answer = parsed<port_range>;
  if (text.empty()) return answer::bad("the port after the colon is missing, as in host:80");
  const auto dash = text.find('-');
  const auto first = parse_port(text.substr(0, dash));
  if (!first) return answer::bad(first.wrong);
  if (dash == std::string_view::npos) return answer::good({*first, *first});
  const auto last = parse_port(text.substr(dash + 1));
  if (!last) return answer::bad(last.wrong);
  if (*first > *last) {
    return answer::bad("the range " + std::string(text) + " runs backwards; write " +
                       std::to_string(*last) + '-' + std::to_string(*first));
  }
  if (*first == 0) return answer::bad("a range of ports starts at 1, not at 0");
  return answer::good({*first, *last});
}

/// The host part: a literal (brackets only around IPv6) or a name.
parsed<host_port> parse_host(std::string_view text) {
  using answer = parsed<host_port>;
  host_port made;
  const bool bracketed = text.size() >= 2 && text.front() == '[' && text.back() == ']';
  if (bracketed) text = text.substr(1, text.size() - 2);
  made.host = text;
  made.address = ip_address::parse(text);
  if (zoned_address::parse(text)) return answer::good(std::move(made));
  if (bracketed && !(made.address && made.address->is_v6())) {
    return answer::bad("[" + std::string(text) + "] is not an IPv6 address");
  }
  if (!made.address) {
    if (text.empty()) return answer::bad("the host before the colon is missing, as in host:80");
    if (auto wrong = name_problem(text); !wrong.empty()) return answer::bad(std::move(wrong));
  }
  return answer::good(std::move(made));
}

/// `http://[user@]host[:port][/path]` as the address that is meant, as far as it can be told.
std::string url_problem(std::string_view text) {
  const auto scheme = text.substr(0, text.find("://"));
  auto host = text.substr(scheme.size() + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (const auto user = host.rfind('@'); user != std::string_view::npos)
    host.remove_prefix(user + 1);
  if (host.empty()) return quoted(text) + " is a URL; write host:port";
  std::string meant(host);
  const auto colon = host.rfind(':');
  if (colon == std::string_view::npos || colon < host.rfind(']') + 1) {
    const bool is_secure = scheme == "https" || scheme == "wss";
    meant += is_secure ? ":443" : scheme == "http" || scheme == "ws" ? ":80" : ":PORT";
  }
  return quoted(text) + " is a URL; write " + meant;
}

/// What is wrong with the text before anybody asks what it says; empty: nothing.
std::string text_problem(std::string_view text) {
  if (const auto odd = find_odd_character(text))
    return "there is " + std::string(odd->name) + " in " + quoted(text) + "; " + odd->advice();
  if (!text.empty() && (is_blank(text.front()) || is_blank(text.back())))
    return "there are blanks around " + quoted(text) + "; remove them";
  if (text.find("://") != std::string_view::npos) return url_problem(text);
  return {};
}

/// `host:ports`, split at the last colon.
parsed<host_port> parse_pair(std::string_view text) {
  using answer = parsed<host_port>;
  const auto colon = text.rfind(':');
  if (text.empty()) return answer::bad("the address is empty; write host:port");
  if (auto wrong = text_problem(text); !wrong.empty()) return answer::bad(std::move(wrong));
  if (colon == std::string_view::npos || text.back() == ']') {
    return answer::bad(quoted(text) + " has no port; write " + std::string(text) + ":PORT");
  }
  const auto ports = parse_ports(text.substr(colon + 1));
  if (!ports) return answer::bad(ports.wrong);
  auto made = parse_host(text.substr(0, colon));
  if (made) made.value->ports = *ports;
  return made;
}

parsed<host_port> single_port(parsed<host_port> from) {
  if (from && from->ports.size() > 1) {
    return parsed<host_port>::bad("a range of ports has no meaning here; write one port");
  }
  return from;
}

}  // namespace

std::string host_port::to_string() const {
  auto text = host.empty() ? std::string("*") : host;
  if (text.find(':') != std::string::npos) text = '[' + text + ']';
  text += ':' + std::to_string(ports.first);
  if (ports.last != ports.first) text += '-' + std::to_string(ports.last);
  return text;
}

parsed<host_port> parse_listen(std::string_view text) {
  const auto colon = text.rfind(':');
  const bool bare =
      !text.empty() && std::ranges::all_of(text, [](char c) { return is_digit(c) || c == '-'; });
  if (bare || colon == 0 || (colon == 1 && text.front() == '*')) {
    const auto ports = parse_ports(bare ? text : text.substr(colon + 1));
    if (!ports) return parsed<host_port>::bad(ports.wrong);
    return parsed<host_port>::good({{}, std::nullopt, *ports});
  }
  return parse_pair(text);
}

parsed<host_port> parse_remote(std::string_view text) {
  auto made = parse_pair(text);
  if (made && made->ports.first == 0) {
    return parsed<host_port>::bad("nobody can be reached at port 0; write 1 to 65535");
  }
  return made;
}

parsed<host_port> parse_through(std::string_view text) {
  if (auto wrong = text_problem(text); !wrong.empty())
    return parsed<host_port>::bad(std::move(wrong));
  const bool bracketed = text.size() >= 2 && text.front() == '[' && text.back() == ']';
  if (bracketed || ip_address::parse(text) || zoned_address::parse(text)) return parse_host(text);
  auto made = single_port(parse_pair(text));
  if (!made && text.find(':') == std::string_view::npos && !text.empty()) {
    made.wrong =
        quoted(text) + " is not an address; a name needs a port, as in " + std::string(text) + ":0";
  }
  return made;
}

parsed<host_port> parse_nameserver(std::string_view text) {
  if (const auto alone = ip_address::parse(text)) {
    const auto host = alone->is_v6() ? '[' + std::string(text) + ']' : std::string(text);
    return parsed<host_port>::bad("a name server needs a port; write " + host + ":53");
  }
  auto made = single_port(parse_pair(text));
  if (made && made->ports.first == 0) return parsed<host_port>::bad("port 0 cannot be asked");
  // Without a zone nobody knows where it is, and c-ares has no place for the name of a device.
  if (made && ((made->address && is_link_local(*made->address) && made->address->scope() == 0) ||
               zoned_address::parse(made->host)))
    return parsed<host_port>::bad("a name server with a link-local address cannot be asked");
  return made;
}

}  // namespace relay
