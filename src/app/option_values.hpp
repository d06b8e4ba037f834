#pragma once

#include "options.hpp"

#include <charconv>
#include <type_traits>

/// What the options do with their values. A value that does not parse leaves a warning and counts
/// as not given, as in the reference; a bad name server is an error there, and here.
namespace relay::app {

/// Where a value goes, found by what it is a member of.
template <class T>
T& field_of(invocation& into, T invocation::*field) {
  return into.*field;
}
template <class T>
T& field_of(invocation& into, T config::log_patch::*field) {
  return into.forced.log.*field;
}
template <class T>
T& field_of(invocation& into, T config::dns_patch::*field) {
  return into.forced.dns.*field;
}
template <class T>
T& field_of(invocation& into, T config::network_patch::*field) {
  return into.forced.network.*field;
}
/// The endpoint options apply to every endpoint; the parser copies them from this one.
template <class T>
T& field_of(invocation& into, T config::command_line_endpoint::*field) {
  return into.endpoints.front().*field;
}

/// A whole number as the reference reads one: digits, perhaps after a plus.
template <class T>
std::optional<T> read_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  T value{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size() || text.starts_with('-')) return {};
  return value;
}

/// Leaves the warning: the value is not what was wanted.
void ignore(invocation& into, const option_row& row, std::string_view value,
            std::string_view wanted);

inline void do_nothing(invocation&, const option_row&, std::string_view) {}

template <auto... Fields>
void switch_on(invocation& into, const option_row&, std::string_view) {
  ((field_of(into, Fields) = true), ...);
}

template <auto Field>
void take_text(invocation& into, const option_row&, std::string_view value) {
  field_of(into, Field) = std::string(value);
}

template <auto Field>
void take_number(invocation& into, const option_row& row, std::string_view value) {
  auto& field = field_of(into, Field);
  using number = typename std::remove_reference_t<decltype(field)>::value_type;
  if (const auto read = read_number<number>(value))
    field = read;
  else
    ignore(into, row, value, "a whole number in range");
}

/// Seconds into a duration; 32 bits of them never overflow milliseconds.
template <auto Field>
void take_seconds(invocation& into, const option_row& row, std::string_view value) {
  if (const auto read = read_number<std::uint32_t>(value))
    field_of(into, Field) = std::chrono::seconds(*read);
  else
    ignore(into, row, value, "a number of seconds");
}

template <auto Field>
void take_bool(invocation& into, const option_row& row, std::string_view value) {
  if (value == "true" || value == "false")
    field_of(into, Field) = value == "true";
  else
    ignore(into, row, value, "`true` or `false`");
}

/// What the words of the options above and below are, for completions.
std::vector<std::string_view> log_level_words();
std::vector<std::string_view> dns_mode_words();
std::vector<std::string_view> dns_protocol_words();
std::vector<std::string_view> bool_words();
std::vector<std::string_view> proxy_version_words();
std::vector<std::string_view> format_words();

void take_listen(invocation& into, const option_row& row, std::string_view value);
void take_remote(invocation& into, const option_row& row, std::string_view value);
void take_nofile(invocation& into, const option_row& row, std::string_view value);
void take_pipe_pages(invocation& into, const option_row& row, std::string_view value);
void take_log_level(invocation& into, const option_row& row, std::string_view value);
void take_dns_mode(invocation& into, const option_row& row, std::string_view value);
void take_dns_protocol(invocation& into, const option_row& row, std::string_view value);
void take_nameservers(invocation& into, const option_row& row, std::string_view value);
void take_format(invocation& into, const option_row& row, std::string_view value);

}  // namespace relay::app
