#pragma once

#include "options.hpp"

#include <charconv>
#include <utility>

/// What the options do with their values. A value that does not parse leaves a warning and counts
/// as not given, as in the reference; a bad name server is an error there, and here.
namespace relay::app {

/// The words about the process, of a start or of the check of one.
service_words& service_of(invocation& into);

/// Puts a value where it goes, which is found by what the field is a member of. The table of
/// options says which commands know an option, so the words of another command are never meant.
template <class T, class U>
void give(invocation& into, T invocation::*field, U value) {
  into.*field = std::move(value);
}
template <class Words, class T, class U>
void give(invocation& into, T Words::*field, U value) {
  std::get<Words>(into.own).*field = std::move(value);
}
template <class T, class U>
void give(invocation& into, T service_words::*field, U value) {
  service_of(into).*field = std::move(value);
}
template <class T>
void give(invocation& into, T config::log::*field, T value) {
  config::force(into.forced.log, field, std::move(value));
}
template <class T>
void give(invocation& into, T config::dns::*field, T value) {
  config::force(into.forced.dns, field, std::move(value));
}
template <class T>
void give(invocation& into, T config::control::*field, T value) {
  config::force(into.forced.control, field, std::move(value));
}
template <class T>
void give(invocation& into, T config::network::*field, T value) {
  config::force(into.forced.network, field, std::move(value));
}
/// The endpoint options apply to every endpoint; the parser copies them from this one.
template <class T, class U>
void give(invocation& into, T config::command_line_endpoint::*field, U value) {
  into.endpoints.front().*field = std::move(value);
}

/// The type of what a pointer to a member points to.
template <class Table, class T>
T field_type(T Table::*);

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
  (give(into, Fields, true), ...);
}

template <auto Field>
void take_text(invocation& into, const option_row&, std::string_view value) {
  give(into, Field, std::string(value));
}

template <auto Field>
void take_number(invocation& into, const option_row& row, std::string_view value) {
  using number = decltype(field_type(Field));
  if (const auto read = read_number<number>(value))
    give(into, Field, *read);
  else
    ignore(into, row, value, "a whole number in range");
}

/// Seconds into a duration; 32 bits of them never overflow milliseconds.
template <auto Field>
void take_seconds(invocation& into, const option_row& row, std::string_view value) {
  using duration = decltype(field_type(Field));
  if (const auto read = read_number<std::uint32_t>(value))
    give(into, Field, duration(std::chrono::seconds(*read)));
  else
    ignore(into, row, value, "a number of seconds");
}

template <auto Field>
void take_bool(invocation& into, const option_row& row, std::string_view value) {
  if (value == "true" || value == "false")
    give(into, Field, value == "true");
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
void take_confirm(invocation& into, const option_row& row, std::string_view value);

}  // namespace relay::app
