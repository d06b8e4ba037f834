#include "transport_items.hpp"

#include <relay/base/ip.hpp>
#include <relay/base/units.hpp>
#include <relay/config/transport.hpp>

#include <algorithm>
#include <utility>

namespace relay::config {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }

bool is_name_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         std::ranges::all_of(text, is_name_letter);
}

/// A name that certificates can be issued for; one dot may follow it.
bool is_dns_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > 253) return false;
  const auto last = text.substr(text.rfind('.') + 1);
  if (std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; })) return false;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find('.', at), text.size());
    if (!is_label(text.substr(at, end - at))) return false;
    at = end + 1;
  }
  return true;
}

void check_sni(const transport_item& name, transport_items& items) {
  if (name.value.empty() || is_dns_name(name.value) || ip_address::parse(name.value)) return;
  items.error(name, '`' + std::string(name.value) + "` is neither a DNS name nor an address",
              "as in \"sni=example.com\"");
}

// The reference makes a certificate for whatever ASCII it is given.
void check_servername(const transport_item& name, transport_items& items) {
  const auto stops = [](char c) { return is_control(c) || static_cast<unsigned char>(c) > 0x7f; };
  if (std::ranges::none_of(name.value, stops)) return;
  items.error(name, "`servername` holds something other than ASCII",
              "as in \"servername=example.com\"");
}

// What is sent verbatim must not be able to end its line.
bool is_verbatim(const transport_item& item, bool blanks, transport_items& items) {
  const auto stops = [&](char c) { return is_control(c) || (!blanks && c == ' '); };
  if (std::ranges::none_of(item.value, stops)) return true;
  items.error(item, '`' + std::string(item.name) + "` holds a blank or a control character",
              "it is sent as it stands; in a path write %20 for a blank");
  return false;
}

bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  const auto fits = [&](char c) {
    return is_name_letter(c) || marks.find(c) != std::string_view::npos;
  };
  return !text.empty() && std::ranges::all_of(text, fits);
}

std::string read_protocol(transport_items& items) {
  const auto name = items.value("protocol");
  if (name.value.empty() || is_token(name.value)) return std::string(name.value);
  items.error(name, "`protocol` is one word without blanks and commas", "as in \"protocol=mqtt\"");
  return {};
}

std::chrono::milliseconds read_ping(transport_items& items) {
  const auto every = items.value("ping");
  if (!every.has_equals) return {};
  constexpr std::chrono::hours most{24};
  const auto made = parse_duration(every.value);
  if (made && *made <= most) return *made;
  items.error(every, "`ping`: " + (made ? "a day is the most" : made.wrong), "as in \"ping=30s\"");
  return {};
}

std::optional<ws_options> read_ws(transport_items& items) {
  const auto host = items.value("host");
  const auto path = items.value("path");
  const auto protocol = read_protocol(items);
  const auto ping = read_ping(items);
  const auto* flag = items.asks_for(transport_layer::ws);
  if (flag == nullptr) return std::nullopt;
  if (host.value.empty() || path.value.empty()) {
    items.lacks({"host", "path"}, *flag, "ws needs host and path",
                "as in \"ws;host=example.com;path=/chat\"");
    return std::nullopt;
  }
  if (!is_verbatim(host, true, items) || !is_verbatim(path, false, items)) return std::nullopt;
  // With the rest of the request they must fit into what peers accept as a head.
  constexpr std::size_t most = 4096;
  for (const auto& each : {host, path}) {
    if (each.value.size() <= most) continue;
    items.error(each, '`' + std::string(each.name) + "` is too long", "4096 bytes are the most");
  }
  return ws_options{std::string(host.value), std::string(path.value), protocol, ping};
}

std::vector<std::string> read_alpn(transport_items& items) {
  const auto list = items.value("alpn");
  std::vector<std::string> protocols;
  for (const auto each : split(list.value, ',')) {
    if (each.size() > 255) {
      items.error(list, "`alpn` holds a name of " + std::to_string(each.size()) + " bytes",
                  "255 are the most");
    }
    protocols.emplace_back(each);
  }
  return protocols;
}

// Without its file, whom to believe would be left to a default.
void check_file(const transport_item& item, transport_items& items) {
  if (item.name.empty() || !item.value.empty()) return;
  const std::string name(item.name);
  items.error(item, '`' + name + "` names no file", "as in \"" + name + "=/etc/relay/ca.pem\"");
}

// Half a pair would be silently no certificate.
void read_client_pair(tls_dial_options& into, transport_items& items) {
  const auto cert = items.value("client_cert");
  const auto key = items.value("client_key");
  into.client_cert = cert.value;
  into.client_key = key.value;
  if (cert.name.empty() && key.name.empty()) return;
  if (!into.client_cert.empty() && !into.client_key.empty()) return;
  items.lacks({"client_cert", "client_key"}, cert.name.empty() ? key : cert,
              "`client_cert` and `client_key` only work together",
              "as in \"client_cert=/etc/relay/cert.pem;client_key=/etc/relay/key.pem\"");
}

bool read_strict_end(transport_items& items) {
  const auto end = items.value("tls_end");
  if (end.value == "strict") return true;
  if (!end.name.empty() && end.value != "lenient") {
    items.error(end, '`' + std::string(end.value) + "` is no way to take the end of TLS",
                "`tls_end` is `lenient` or `strict`");
  }
  return false;
}

std::optional<tls_dial_options> read_dial_tls(transport_items& items) {
  const auto sni = items.value("sni");
  tls_dial_options made;
  made.sni = sni.value;
  made.alpn = read_alpn(items);
  const auto* const insecure = items.flag("insecure");
  made.insecure = insecure != nullptr;
  const auto ca = items.value("ca");
  made.ca = ca.value;
  made.strict_end = read_strict_end(items);
  const auto* flag = items.asks_for(transport_layer::tls);
  if (flag == nullptr) return std::nullopt;
  if (made.sni.empty())
    items.lacks({"sni"}, *flag, "tls needs sni", "as in \"tls;sni=example.com\"");
  check_sni(sni, items);
  read_client_pair(made, items);
  check_file(ca, items);
  if (!made.insecure) return made;
  items.warning(*insecure,
                "`insecure`: any certificate is believed, so whoever gets between the two ends can "
                "read and change everything",
                "verify the remote, with `ca=FILE` where its authority is your own");
  if (!made.ca.empty()) items.warning(ca, "`ca` has no effect with `insecure`", "remove one");
  return made;
}

std::optional<tls_listen_options> read_listen_tls(transport_items& items) {
  const auto cert = items.value("cert");
  const auto key = items.value("key");
  const auto name = items.value("servername");
  tls_listen_options made{std::string(cert.value), std::string(key.value), std::string(name.value),
                          std::string(items.value("ocsp").value)};
  const auto client_ca = items.value("client_ca");
  made.client_ca = client_ca.value;
  made.alpn = read_alpn(items);
  made.strict_end = read_strict_end(items);
  const auto* flag = items.asks_for(transport_layer::tls);
  if (flag == nullptr) return std::nullopt;
  check_file(client_ca, items);
  const bool has_pair = !made.cert.empty() && !made.key.empty();
  if (!has_pair && made.servername.empty()) {
    items.lacks({"cert", "key", "servername"}, *flag, "tls needs cert and key, or servername",
                "as in \"tls;cert=/etc/relay/cert.pem;key=/etc/relay/key.pem\"");
    return std::nullopt;
  }
  if (has_pair) {  // files come first, as in the reference
    made.servername.clear();
    return made;
  }
  if (!made.cert.empty() || !made.key.empty()) {
    items.warning(made.cert.empty() ? key : cert, "cert and key only work together",
                  "without both, a self-signed certificate for `servername` is used");
    made.cert.clear();
    made.key.clear();
  }
  check_servername(name, items);
  return made;
}

}  // namespace

template <class T>
parsed<T> transport_reading<T>::result() const {
  for (const auto& each : problems) {
    if (!each.is_error) continue;
    return parsed<T>::bad(each.hint.empty() ? each.message : each.message + ", " + each.hint);
  }
  return parsed<T>::good(value);
}
template struct transport_reading<dial_transport>;
template struct transport_reading<listen_transport>;

transport_reading<dial_transport> read_dial_transport(std::string_view text, dialect rules) {
  transport_items items(text, transport_text::dial, rules);
  transport_reading<dial_transport> made;
  made.value.ws = read_ws(items);
  made.value.tls = read_dial_tls(items);
  made.problems = items.problems();
  return made;
}

transport_reading<listen_transport> read_listen_transport(std::string_view text, dialect rules) {
  transport_items items(text, transport_text::listen, rules);
  transport_reading<listen_transport> made;
  made.value.ws = read_ws(items);
  made.value.tls = read_listen_tls(items);
  made.problems = items.problems();
  return made;
}

transport_reading<dial_transport> read_dial_transport(std::string_view text) {
  return read_dial_transport(text, dialect::relay);
}

transport_reading<listen_transport> read_listen_transport(std::string_view text) {
  return read_listen_transport(text, dialect::relay);
}

dial_text make_dial_text(std::string text, dialect rules) {
  return {std::move(text), [=](std::string_view of) { return read_dial_transport(of, rules); }};
}

listen_text make_listen_text(std::string text, dialect rules) {
  return {std::move(text), [=](std::string_view of) { return read_listen_transport(of, rules); }};
}

std::size_t item_offset(std::string_view text, std::string_view name) {
  return transport_items(text, transport_text::dial, dialect::relay).value(name).at;
}

parsed<dial_transport> parse_dial_transport(std::string_view text, dialect rules) {
  return read_dial_transport(text, rules).result();
}

parsed<listen_transport> parse_listen_transport(std::string_view text, dialect rules) {
  return read_listen_transport(text, rules).result();
}

}  // namespace relay::config
