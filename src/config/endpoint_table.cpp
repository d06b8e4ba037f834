#include "tables.hpp"

namespace relay::config {

const schema<endpoint>& endpoint_keys() {
  using v = endpoint;
  constexpr text_codec text;
  constexpr number_codec<std::uint64_t> number;
  static const schema<endpoint> rows{
      key("listen", &v::listen, address_codec{parse_listen}).or_named("local").required(),
      key("remote", &v::remote, address_codec{parse_remote}).required(),
      key("extra_remotes", &v::extra_remotes, address_list_codec{parse_remote}).refusing_null(),
      key("balance", &v::balance, text),
      key("through", &v::through, address_codec{parse_through}),
      key("interface", &v::interface, text),
      key("listen_interface", &v::listen_interface, text),
      key("listen_transport", &v::listen_transport, text),
      key("remote_transport", &v::remote_transport, text),
      key("max_connections", &v::max_connections, number),
      key("max_associations", &v::max_associations, number_codec<std::uint64_t>{1}),
  };
  return rows;
}

}  // namespace relay::config
