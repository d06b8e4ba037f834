#include "options.hpp"

#include "option_values.hpp"

#include <algorithm>
#include <array>

namespace relay::app {
namespace {

using config::dns;
using config::log;
using config::network;
using shared = config::command_line_endpoint;
using applier = decltype(option_row::apply);

constexpr char no_letter = 0;

constexpr option_row flag(char letter, std::string_view name, std::string_view help,
                          applier apply) {
  return {letter, name, "", help, apply};
}

constexpr option_row option(char letter, std::string_view name, std::string_view value,
                            std::string_view help, applier apply) {
  return {letter, name, value, help, apply};
}

template <class... Rows>
constexpr std::array<option_row, sizeof...(Rows)> section(std::string_view title, Rows... rows) {
  std::array<option_row, sizeof...(Rows)> made{rows...};
  for (auto& row : made) row.section = title;
  return made;
}

template <std::size_t... Sizes>
constexpr auto joined(const std::array<option_row, Sizes>&... sections) {
  std::array<option_row, (Sizes + ...)> all{};
  auto end = all.begin();
  ((end = std::copy(sections.begin(), sections.end(), end)), ...);
  return all;
}

constexpr auto flags = section(
    "FLAGS",
    flag('h', "help", "show this help", switch_on<&invocation::help>)
        .of(to_relay | to_check | to_convert | to_demo | to_completion | to_daemon),
    flag('v', "version", "show the version", switch_on<&invocation::version>).of(to_relay),
    flag('d', "daemon", "detach; the caller returns once the listeners are bound",
         switch_on<&service_words::daemon>)
        .of(to_relay),
    flag('u', "udp", "forward UDP as well", switch_on<&network::use_udp>),
    flag('m', "mtcp", "use Multipath TCP on both sides",
         switch_on<&network::send_mptcp, &network::accept_mptcp>)
        .or_spelled("mptcp"),
    flag('t', "ntcp", "do not forward TCP", switch_on<&network::no_tcp>),
    flag('6', "ipv6", "IPv6 listeners take no IPv4", switch_on<&network::ipv6_only>),
    flag('f', "tfo", "no effect: accepted for the sake of old scripts", do_nothing),
    flag('z', "splice", "no effect: splice is always on", do_nothing),
    flag(no_letter, "strict", "warnings are errors", switch_on<&check_words::strict>).of(to_check),
    flag(no_letter, "print", "print the effective configuration as TOML",
         switch_on<&check_words::print>)
        .of(to_check),
    flag(no_letter, "json", "print the answer as it came, for programs",
         switch_on<&question_words::json>)
        .of(to_status | to_sessions | to_plan),
    flag(no_letter, "wait", "return when it is done, with its outcome",
         switch_on<&question_words::waits>)
        .of(to_reload));

constexpr auto endpoints = section(
    "OPTIONS",
    option('c', "config", "PATH", "read a file or a folder", take_text<&invocation::config>)
        .of(to_relay | to_check | to_plan),
    option('l', "listen", "ADDRESS", "listen here; may be repeated with -r", take_listen),
    option('r', "remote", "ADDRESS", "forward to there", take_remote),
    option('x', "through", "ADDRESS", "local address of outgoing sockets",
           take_text<&shared::through>),
    option('i', "interface", "DEVICE", "device of outgoing sockets", take_text<&shared::interface>),
    option('e', "listen-interface", "DEVICE", "device of the listeners",
           take_text<&shared::listen_interface>),
    option('a', "listen-transport", "OPTIONS",
           "what clients speak, such as `ws;host=a;path=/` or `tls;cert=FILE;key=FILE`",
           take_text<&shared::listen_transport>),
    option('b', "remote-transport", "OPTIONS", "what the remote speaks, such as `tls;sni=a`",
           take_text<&shared::remote_transport>));

constexpr auto system_limits = section(
    "SYS OPTIONS", option('n', "nofile", "NUMBER", "limit of open descriptors", take_nofile),
    option('p', "pipe-page", "NUMBER", "pipe capacity for zero-copy, in pages of 4096 bytes",
           take_pipe_pages),
    option('j', "pre-conn-hook", "PATH", "ask this library about every TCP client",
           take_text<&service_words::hook>));

constexpr auto logging = section(
    "LOG OPTIONS",
    option(no_letter, "log-level", "LEVEL", "off, error, warn, info, debug or trace",
           take_log_level)
        .one_of(log_level_words)
        .of(to_relay | to_check | to_demo),
    option(no_letter, "log-output", "PATH", "stdout, stderr or a file", take_text<&log::output>)
        .of(to_relay | to_check | to_demo));

constexpr auto names = section(
    "DNS OPTIONS",
    option(no_letter, "dns-mode", "MODE",
           "ipv4_only, ipv6_only, ipv4_then_ipv6, ipv6_then_ipv4 or ipv4_and_ipv6", take_dns_mode)
        .one_of(dns_mode_words),
    option(no_letter, "dns-min-ttl", "SECONDS", "keep answers for at least this long",
           take_seconds<&dns::min_ttl>),
    option(no_letter, "dns-max-ttl", "SECONDS", "keep answers for at most this long",
           take_seconds<&dns::max_ttl>),
    option(no_letter, "dns-cache-size", "NUMBER", "answers to keep", take_number<&dns::cache_size>),
    option(no_letter, "dns-protocol", "PROTOCOL", "tcp, udp or tcp_and_udp", take_dns_protocol)
        .one_of(dns_protocol_words),
    option(no_letter, "dns-servers", "ADDRESS,...", "name servers, each with its port",
           take_nameservers));

constexpr auto proxy_headers =
    section("PROXY OPTIONS",
            option(no_letter, "send-proxy", "BOOL", "send a PROXY header to the remote",
                   take_bool<&network::send_proxy>)
                .one_of(bool_words),
            option(no_letter, "send-proxy-version", "VERSION", "1 or 2",
                   take_number<&network::send_proxy_version>)
                .one_of(proxy_version_words),
            option(no_letter, "accept-proxy", "BOOL", "expect a PROXY header from the client",
                   take_bool<&network::accept_proxy>)
                .one_of(bool_words),
            option(no_letter, "accept-proxy-timeout", "SECONDS",
                   "how long to wait for the header; 0 means no limit",
                   take_seconds<&network::accept_proxy_timeout>));

constexpr auto timeouts =
    section("TIMEOUT OPTIONS",
            option(no_letter, "tcp-timeout", "SECONDS", "limit of one connect to one address",
                   take_seconds<&network::tcp_timeout>),
            option(no_letter, "udp-timeout", "SECONDS",
                   "an association ends after this long without datagrams",
                   take_seconds<&network::udp_timeout>),
            option(no_letter, "tcp-keepalive", "SECONDS",
                   "between keepalive probes; 0 switches keepalive off",
                   take_seconds<&network::tcp_keepalive>),
            option(no_letter, "tcp-keepalive-probe", "NUMBER",
                   "unanswered probes after which a connection is given up",
                   take_number<&network::tcp_keepalive_probe>));

constexpr auto converting =
    section("OPTIONS",
            option('t', "type", "toml|json", "write this format", take_format)
                .of(to_convert)
                .one_of(format_words),
            option('o', "output", "PATH", "write to a file", take_text<&convert_words::output>)
                .of(to_convert));

constexpr auto controlling = section(
    "CONTROL OPTIONS",
    option(no_letter, "control", "PATH", "the control socket; `off`: none",
           take_text<&config::control::path>)
        .of(to_relay | to_check | to_daemon),
    option('c', "config", "PATH", "the configuration that the running relay was started with",
           take_text<&invocation::config>)
        .of(to_daemon & ~to_plan),
    option(no_letter, "filter", "WORDS",
           "only these, as in `client=10.0.0.0/8 kind=tcp`: client, listen, remote, kind, tls, "
           "older, id",
           take_text<&question_words::filter>)
        .of(to_sessions),
    option(no_letter, "confirm", "TIME",
           "go back to the old configuration unless `relay confirm` comes in time, as in 30s",
           take_confirm)
        .of(to_reload));

constexpr auto table = joined(flags, endpoints, system_limits, logging, names, proxy_headers,
                              timeouts, converting, controlling);

constexpr command_row commands[]{
    {command::check, "check", "check a configuration and serve nothing"},
    {command::convert, "convert", "write a configuration as TOML or JSON"},
    {command::demo, "demo", "try it out: a web server with a relay in front"},
    {command::completion, "completion", "completions for bash, zsh or fish"},
    {command::status, "status", "how it is doing: endpoints, remotes, connections, bytes"},
    {command::sessions, "sessions", "its connections and associations, one a line"},
    {command::kill, "kill", "end one session, by its number", "ID"},
    {command::reload, "reload", "read the configuration again and take it over"},
    {command::plan, "plan", "what a reload would change, without doing it"},
    {command::confirm, "confirm", "keep what a reload with --confirm has taken over"},
    {command::drain, "drain", "close the listeners of an endpoint and let its sessions end",
     "ENDPOINT"},
    {command::log_level, "log-level", "change the level of its log until it restarts", "LEVEL"},
};

}  // namespace

std::span<const option_row> option_table() { return table; }
std::span<const command_row> command_table() { return commands; }

}  // namespace relay::app
