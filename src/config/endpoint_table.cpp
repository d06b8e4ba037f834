#include "tables.hpp"

namespace relay::config {
namespace {

schema<endpoint> rows_for(dialect rules) {
  using v = endpoint;
  constexpr text_codec text;
  constexpr number_codec<std::uint64_t> number;
  return {
      key("name", &v::name, name_codec{}),
      key("listen", &v::listen, address_codec{parse_listen}).or_named("local").required(),
      key("remote", &v::remote, address_codec{parse_remote}).required(),
      key("extra_remotes", &v::extra_remotes, address_list_codec{parse_remote}).refusing_null(),
      key("balance", &v::balance, balance_codec{}),
      key("through", &v::through, address_codec{parse_through}),
      key("interface", &v::interface, text),
      key("listen_interface", &v::listen_interface, text),
      key("listen_transport", &v::listen_transport, transport_codec{make_listen_text, rules}),
      key("remote_transport", &v::remote_transport, transport_codec{make_dial_text, rules}),
      key("max_connections", &v::max_connections, number),
      key("max_associations", &v::max_associations, number_codec<std::uint64_t>{1}),
  };
}

}  // namespace

const schema<endpoint>& endpoint_keys(dialect rules) {
  static const schema<endpoint> relays = rows_for(dialect::relay);
  static const schema<endpoint> realms = rows_for(dialect::realm);
  return rules == dialect::realm ? realms : relays;
}

}  // namespace relay::config
