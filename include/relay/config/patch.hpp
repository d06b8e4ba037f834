#pragma once

#include <relay/config/config.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// Settings of which only some keys were given. A patch of a table is the table itself: its `keys`
/// say which values count, and the others are not looked at. Merging is per key, never per table:
/// command line over endpoint over global over default (spec 1.5).
namespace relay::config {

/// A value of the command line that makes no sense and must not be passed over.
struct refused_value {
  origin where;
  std::string message;
  std::string hint;
};

/// What the command line forces on every configuration: the keys that `force` has set.
struct overrides {
  config::log log;
  config::dns dns;
  config::control control;
  config::network network;
  dialect rules = dialect::relay;
  std::vector<refused_value> refused;  ///< told with the other problems of the configuration
};

/// The place of whatever is given on the command line without a text to show.
origin command_line();

/// The name of the key whose value is this member of the table.
std::string_view key_at(const log& table, const void* member);
std::string_view key_at(const dns& table, const void* member);
std::string_view key_at(const control& table, const void* member);
std::string_view key_at(const network& table, const void* member);

/// Gives a key on the command line: `force(made.network, &network::use_udp, true)`.
template <class Table, class T>
void force(Table& into, T Table::*member, std::type_identity_t<T> value) {
  into.*member = std::move(value);
  into.keys.set(key_at(into, &(into.*member)), command_line());
}

/// One `-l … -r …` pair with the endpoint options that go with it, unparsed.
struct command_line_endpoint {
  std::string listen;
  std::string remote;
  std::optional<std::string> through;
  std::optional<std::string> interface;
  std::optional<std::string> listen_interface;
  std::optional<std::string> listen_transport;
  std::optional<std::string> remote_transport;
};

}  // namespace relay::config
