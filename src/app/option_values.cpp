#include "option_values.hpp"

#include <relay/base/host_port.hpp>
#include <relay/base/units.hpp>
#include <relay/config/words.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <utility>

namespace relay::app {
namespace {

using config::word;

constexpr auto formats = std::to_array<word<config::convert_format>>({
    {"toml", config::convert_format::toml},
    {"json", config::convert_format::json},
});

/// The default on the command line first.
template <class Enum, std::size_t N>
std::vector<std::string_view> spelled(const std::array<word<Enum>, N>& words, Enum otherwise) {
  std::vector<std::string_view> all{config::word_for(words, otherwise)};
  for (const auto& each : words)
    if (each.value != otherwise) all.push_back(each.name);
  return all;
}

/// An unknown word becomes the reference's default and still overrides the file, as it does there.
template <class Enum, std::size_t N>
Enum word_or(Enum otherwise, invocation& into, const option_row& row, std::string_view value,
             const std::array<word<Enum>, N>& words) {
  std::string lower(value);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  const auto found = std::ranges::find(words, std::string_view(lower), &word<Enum>::name);
  if (found != words.end()) return found->value;
  into.warnings.push_back("--" + std::string(row.name) + ": unknown word `" + std::string(value) +
                          "`; `" + std::string(config::word_for(words, otherwise)) + "` is used");
  return otherwise;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

std::vector<std::string_view> log_level_words() {
  return spelled(config::log_level_words, config::log_level::off);
}
std::vector<std::string_view> dns_mode_words() {
  return spelled(config::dns_mode_words, config::dns_mode::ipv4_and_ipv6);
}
std::vector<std::string_view> dns_protocol_words() {
  return spelled(config::dns_protocol_words, config::dns_protocol::tcp_and_udp);
}
std::vector<std::string_view> bool_words() { return {"true", "false"}; }
std::vector<std::string_view> proxy_version_words() { return {"1", "2"}; }
std::vector<std::string_view> format_words() {
  return spelled(formats, config::convert_format::toml);
}

void ignore(invocation& into, const option_row& row, std::string_view value,
            std::string_view wanted) {
  into.warnings.push_back("--" + std::string(row.name) + ": `" + std::string(value) + "` is not " +
                          std::string(wanted) + "; the option is ignored");
}

service_words& service_of(invocation& into) {
  if (auto* const checked = std::get_if<check_words>(&into.own)) return *checked;
  return std::get<service_words>(into.own);
}

void take_listen(invocation& into, const option_row&, std::string_view value) {
  into.endpoints.back().listen = value;
}

void take_remote(invocation& into, const option_row&, std::string_view value) {
  into.endpoints.back().remote = value;
}

void take_nofile(invocation& into, const option_row&, std::string_view value) {
  auto& service = service_of(into);
  service.nofile_given = true;
  service.nofile = read_number<std::uint64_t>(value);
  if (!service.nofile) into.warnings.push_back("invalid nofile value: " + std::string(value));
}

void take_pipe_pages(invocation& into, const option_row&, std::string_view value) {
  constexpr std::size_t page = 4096;
  const auto pages = read_number<std::size_t>(value);
  if (pages && *pages <= std::numeric_limits<std::size_t>::max() / page)
    service_of(into).pipe_bytes = *pages * page;
  else
    into.warnings.push_back("invalid page value: " + std::string(value));
}

void take_log_level(invocation& into, const option_row& row, std::string_view value) {
  give(into, &config::log::level,
       word_or(config::log_level::off, into, row, value, config::log_level_words));
}

void take_dns_mode(invocation& into, const option_row& row, std::string_view value) {
  give(into, &config::dns::mode,
       word_or(config::dns_mode::ipv4_and_ipv6, into, row, value, config::dns_mode_words));
}

void take_dns_protocol(invocation& into, const option_row& row, std::string_view value) {
  give(into, &config::dns::protocol,
       word_or(config::dns_protocol::tcp_and_udp, into, row, value, config::dns_protocol_words));
}

/// A name server that cannot be read ends the start: names would silently be asked elsewhere.
void take_nameservers(invocation& into, const option_row& row, std::string_view list) {
  const auto option = "--" + std::string(row.name);
  const auto shown = std::make_shared<const config::source>(
      config::source{"command line", option + '=' + std::string(list)});
  std::vector<host_port> servers;
  for (std::size_t at = 0; at <= list.size();) {
    const auto comma = std::min(list.find(',', at), list.size());
    const auto entry = trimmed(list.substr(at, comma - at));
    if (auto server = parse_nameserver(entry)) {
      servers.push_back(*std::move(server.value));
    } else {
      const auto offset = option.size() + 1 + (entry.empty() ? at : list.find(entry, at));
      into.forced.refused.push_back(
          {{shown, offset},
           '`' + option + "`: entry `" + std::string(entry) + "`: " + server.wrong,
           "as in " + option + "=8.8.8.8:53,[2001:db8::1]:53"});
    }
    at = comma + 1;
  }
  give(into, &config::dns::nameservers, std::move(servers));
}

void take_format(invocation& into, const option_row&, std::string_view value) {
  const auto found = std::ranges::find(formats, value, &word<config::convert_format>::name);
  if (found != formats.end())
    give(into, &convert_words::format, found->value);
  else
    into.missing = "--type is `toml` or `json`, not `" + std::string(value) + "`";
}

void take_confirm(invocation& into, const option_row&, std::string_view value) {
  auto read = parse_duration(value);
  if (read && read->count() > 0)
    give(into, &question_words::confirm, *read);
  else
    into.missing = "--confirm is a time such as 30s, not `" + std::string(value) + "`";
}

}  // namespace relay::app
