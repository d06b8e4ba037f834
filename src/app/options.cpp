#include "options.hpp"

#include <relay/base/host_port.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace relay::app {
namespace {

using namespace std::string_view_literals;

/// A whole number as the reference reads one: digits, perhaps after a plus.
template <class T>
std::optional<T> number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  T value{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size() || text.starts_with('-')) return {};
  return value;
}

void ignore(invocation& into, std::string_view option, std::string_view value,
            std::string_view wanted) {
  into.warnings.push_back("--" + std::string(option) + ": `" + std::string(value) + "` is not " +
                          std::string(wanted) + "; the option is ignored");
}

template <class T, class Field>
void set_number(invocation& into, std::string_view option, std::string_view text, Field& field) {
  if (const auto value = number<T>(text))
    field = typename Field::value_type(static_cast<typename Field::value_type>(*value));
  else
    ignore(into, option, text, "a whole number in range");
}

/// Seconds into a duration; 32 bits of them never overflow milliseconds.
template <class Duration>
void set_seconds(invocation& into, std::string_view option, std::string_view text,
                 std::optional<Duration>& field) {
  if (const auto value = number<std::uint32_t>(text))
    field = std::chrono::seconds(*value);
  else
    ignore(into, option, text, "a number of seconds");
}

void set_bool(invocation& into, std::string_view option, std::string_view text,
              std::optional<bool>& field) {
  if (text == "true" || text == "false")
    field = text == "true";
  else
    ignore(into, option, text, "`true` or `false`");
}

/// An unknown word becomes the default and still overrides the file, as in the reference.
template <class Enum, std::size_t N>
void set_word(invocation& into, std::string_view option, std::string_view text,
              const std::array<std::pair<std::string_view, Enum>, N>& words, Enum otherwise,
              std::optional<Enum>& field) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  const auto named = [](const auto& pair) { return pair.first; };
  const auto found = std::ranges::find(words, std::string_view(lower), named);
  if (found != words.end()) {
    field = found->second;
    return;
  }
  field = otherwise;
  const auto word = std::ranges::find(words, otherwise, &std::pair<std::string_view, Enum>::second);
  into.warnings.push_back("--" + std::string(option) + ": unknown word `" + std::string(text) +
                          "`; `" + std::string(word->first) + "` is used");
}

constexpr std::array<std::pair<std::string_view, config::log_level>, 6> log_levels{{
    {"off", config::log_level::off},
    {"error", config::log_level::error},
    {"warn", config::log_level::warn},
    {"info", config::log_level::info},
    {"debug", config::log_level::debug},
    {"trace", config::log_level::trace},
}};

constexpr std::array<std::pair<std::string_view, config::dns_mode>, 5> dns_modes{{
    {"ipv4_only", config::dns_mode::ipv4_only},
    {"ipv6_only", config::dns_mode::ipv6_only},
    {"ipv4_then_ipv6", config::dns_mode::ipv4_then_ipv6},
    {"ipv6_then_ipv4", config::dns_mode::ipv6_then_ipv4},
    {"ipv4_and_ipv6", config::dns_mode::ipv4_and_ipv6},
}};

constexpr std::array<std::pair<std::string_view, config::dns_protocol>, 3> dns_protocols{{
    {"tcp", config::dns_protocol::tcp},
    {"udp", config::dns_protocol::udp},
    {"tcp_and_udp", config::dns_protocol::tcp_and_udp},
}};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// A name server that cannot be read is left out with a warning; all of them bad: none is given.
void set_nameservers(invocation& into, std::string_view list) {
  std::vector<host_port> servers;
  for (bool more = true; more;) {
    const auto comma = list.find(',');
    more = comma != std::string_view::npos;
    const auto server = trimmed(list.substr(0, comma));
    list = more ? list.substr(comma + 1) : std::string_view{};
    if (server.empty()) continue;
    auto parsed = parse_nameserver(server);
    if (parsed)
      servers.push_back(*std::move(parsed).value);
    else
      into.warnings.push_back("--dns-servers: " + parsed.wrong);
  }
  if (!servers.empty()) into.forced.dns.nameservers = std::move(servers);
}

void set_nofile(invocation& into, std::string_view text) {
  into.nofile_given = true;
  into.nofile = number<std::uint64_t>(text);
  if (!into.nofile) into.warnings.push_back("invalid nofile value: " + std::string(text));
}

void set_pipe_pages(invocation& into, std::string_view text) {
  constexpr std::size_t page = 4096;
  const auto pages = number<std::size_t>(text);
  if (pages && *pages <= std::numeric_limits<std::size_t>::max() / page)
    into.pipe_bytes = *pages * page;
  else
    into.warnings.push_back("invalid page value: " + std::string(text));
}

/// The endpoint options apply to every endpoint; the parser copies them from this one.
config::command_line_endpoint& shared(invocation& into) { return into.endpoints.front(); }

constexpr unsigned serving = to_relay | to_check;
constexpr unsigned logging = to_relay | to_check | to_demo;

#define APPLY []([[maybe_unused]] invocation & into, [[maybe_unused]] std::string_view value)

constexpr std::array rows{option_row{'h', "help", "", "", "FLAGS", to_relay | to_check | to_demo,
                                     "show this help", APPLY{into.help = true;
}  // namespace
}  // namespace relay::app
, option_row{'v', "version", "", "", "FLAGS", to_relay, "show the version",
             APPLY{into.version = true;
}
}
, option_row{'d', "daemon", "", "", "FLAGS", to_relay,
             "detach; the caller returns once the listeners are bound", APPLY{into.daemon = true;
}
}
, option_row{'u', "udp", "", "", "FLAGS", serving, "forward UDP as well (not yet)",
             APPLY{into.forced.network.use_udp = true;
}
}
, option_row{'m', "mtcp", "mptcp", "", "FLAGS", serving,
             "use multipath TCP on both sides (not yet)",
             APPLY{into.forced.network.send_mptcp = into.forced.network.accept_mptcp = true;
}
}
, option_row{'t', "ntcp", "", "", "FLAGS", serving, "do not forward TCP",
             APPLY{into.forced.network.no_tcp = true;
}
}
, option_row{'6', "ipv6", "", "", "FLAGS", serving, "IPv6 listeners take no IPv4",
             APPLY{into.forced.network.ipv6_only = true;
}
}
, option_row{'f', "tfo", "", "", "FLAGS", serving, "accepted, without effect", APPLY{}},
    option_row{'z',    "splice", "", "", "FLAGS", serving, "accepted, without effect: always on",
               APPLY{}},
    option_row{0, "strict", "", "", "FLAGS", to_check, "warnings are errors",
               APPLY{into.strict = true;
}
}
, option_row{0, "print", "", "", "FLAGS", to_check, "print the effective configuration as TOML",
             APPLY{into.print = true;
}
}
,

    option_row{'c', "config", "", "PATH", "OPTIONS", serving, "read a file or a folder",
               APPLY{into.config = value;
}
}
, option_row{'l', "listen", "", "ADDRESS", "OPTIONS", serving,
             "listen here; may be repeated with -r", APPLY{into.endpoints.back().listen = value;
}
}
, option_row{'r', "remote", "", "ADDRESS", "OPTIONS", serving, "forward to there",
             APPLY{into.endpoints.back().remote = value;
}
}
, option_row{'x', "through", "", "ADDRESS", "OPTIONS", serving, "local address of outgoing sockets",
             APPLY{shared(into).through = value;
}
}
, option_row{'i', "interface", "", "DEVICE", "OPTIONS", serving, "device of outgoing sockets",
             APPLY{shared(into).interface = value;
}
}
, option_row{'e', "listen-interface", "", "DEVICE", "OPTIONS", serving, "device of the listeners",
             APPLY{shared(into).listen_interface = value;
}
}
, option_row{'a', "listen-transport", "", "OPTIONS", "OPTIONS", serving,
             "what clients speak, such as `ws;host=a;path=/` (not yet)",
             APPLY{shared(into).listen_transport = value;
}
}
, option_row{'b', "remote-transport", "", "OPTIONS", "OPTIONS", serving,
             "what the remote speaks (not yet)", APPLY{shared(into).remote_transport = value;
}
}
,

    option_row{'n', "nofile", "", "NUMBER", "SYS OPTIONS", serving, "limit of open descriptors",
               APPLY{set_nofile(into, value);
}
}
, option_row{'p', "pipe-page", "", "NUMBER", "SYS OPTIONS", serving,
             "pipe capacity for zero-copy, in pages of 4096 bytes",
             APPLY{set_pipe_pages(into, value);
}
}
, option_row{'j', "pre-conn-hook", "", "PATH", "SYS OPTIONS", serving, "hook library (not yet)",
             APPLY{into.hook = value;
}
}
,

    option_row{0, "log-level", "", "LEVEL", "LOG OPTIONS", logging,
               "off, error, warn, info, debug or trace",
               APPLY{set_word(into, "log-level", value, log_levels, config::log_level::off,
                              into.forced.log.level);
}
}
, option_row{0, "log-output", "", "PATH", "LOG OPTIONS", logging, "stdout, stderr or a file",
             APPLY{into.forced.log.output = value;
}
}
,

    option_row{0, "dns-mode", "", "MODE", "DNS OPTIONS", serving,
               "ipv4_only, ipv6_only, ipv4_then_ipv6, ipv6_then_ipv4 or ipv4_and_ipv6",
               APPLY{set_word(into, "dns-mode", value, dns_modes, config::dns_mode::ipv4_and_ipv6,
                              into.forced.dns.mode);
}
}
, option_row{0, "dns-min-ttl", "", "SECONDS", "DNS OPTIONS", serving, "keep answers at least",
             APPLY{set_seconds(into, "dns-min-ttl", value, into.forced.dns.min_ttl);
}
}
, option_row{0, "dns-max-ttl", "", "SECONDS", "DNS OPTIONS", serving, "keep answers at most",
             APPLY{set_seconds(into, "dns-max-ttl", value, into.forced.dns.max_ttl);
}
}
, option_row{
      0, "dns-cache-size", "", "NUMBER", "DNS OPTIONS", serving, "answers to keep",
      APPLY{set_number<std::size_t>(into, "dns-cache-size", value, into.forced.dns.cache_size);
}
}
, option_row{0, "dns-protocol", "", "PROTOCOL", "DNS OPTIONS", serving, "tcp, udp or tcp_and_udp",
             APPLY{set_word(into, "dns-protocol", value, dns_protocols,
                            config::dns_protocol::tcp_and_udp, into.forced.dns.protocol);
}
}
, option_row{0, "dns-servers", "", "ADDRESS,...", "DNS OPTIONS", serving,
             "name servers, each with its port", APPLY{set_nameservers(into, value);
}
}
,

    option_row{0, "send-proxy", "", "BOOL", "PROXY OPTIONS", serving,
               "send a PROXY header to the remote (not yet)",
               APPLY{set_bool(into, "send-proxy", value, into.forced.network.send_proxy);
}
}
, option_row{0, "send-proxy-version", "", "VERSION", "PROXY OPTIONS", serving, "1 or 2 (not yet)",
             APPLY{set_number<int>(into, "send-proxy-version", value,
                                   into.forced.network.send_proxy_version);
}
}
, option_row{0, "accept-proxy", "", "BOOL", "PROXY OPTIONS", serving,
             "expect a PROXY header from the client (not yet)",
             APPLY{set_bool(into, "accept-proxy", value, into.forced.network.accept_proxy);
}
}
, option_row{0, "accept-proxy-timeout", "", "SECONDS", "PROXY OPTIONS", serving,
             "wait so long for it; 0 for ever",
             APPLY{set_seconds(into, "accept-proxy-timeout", value,
                               into.forced.network.accept_proxy_timeout);
}
}
,

    option_row{0, "tcp-timeout", "", "SECONDS", "TIMEOUT OPTIONS", serving,
               "one connect to one address",
               APPLY{set_seconds(into, "tcp-timeout", value, into.forced.network.tcp_timeout);
}
}
, option_row{0, "udp-timeout", "", "SECONDS", "TIMEOUT OPTIONS", serving, "an idle association",
             APPLY{set_seconds(into, "udp-timeout", value, into.forced.network.udp_timeout);
}
}
, option_row{0, "tcp-keepalive", "", "SECONDS", "TIMEOUT OPTIONS", serving,
             "between keepalive probes; 0 turns them off",
             APPLY{set_seconds(into, "tcp-keepalive", value, into.forced.network.tcp_keepalive);
}
}
, option_row{0, "tcp-keepalive-probe", "", "NUMBER", "TIMEOUT OPTIONS", serving,
             "unanswered probes until a connection is given up",
             APPLY{set_number<int>(into, "tcp-keepalive-probe", value,
                                   into.forced.network.tcp_keepalive_probe);
}
}
,

    option_row{
        't', "type", "", "toml|json", "OPTIONS", to_convert, "write this format",
        APPLY{if (value == "toml" || value == "json") into.format =
                  value == "toml" ? config::convert_format::toml : config::convert_format::json;
else into.missing = "--type is `toml` or `json`, not `" + std::string(value) + "`";
}
}
, option_row{'o', "output", "", "PATH", "OPTIONS", to_convert, "write to a file",
             APPLY{into.output = value;
}
}
,
}
;

#undef APPLY

}  // namespace

std::span<const option_row> option_table() { return rows; }

}  // namespace relay::app
