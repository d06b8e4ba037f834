#include "tables.hpp"

#include <relay/config/words.hpp>

namespace relay::config {

const schema<dns>& dns_keys() {
  static const schema<dns> rows{
      key("mode", &dns::mode, word_codec{dns_mode_words}),
      key("protocol", &dns::protocol, word_codec{dns_protocol_words}),
      key("nameservers", &dns::nameservers, address_list_codec{parse_nameserver}),
      key("min_ttl", &dns::min_ttl, seconds_codec{}),
      key("max_ttl", &dns::max_ttl, seconds_codec{}),
      key("cache_size", &dns::cache_size, number_codec<std::size_t>{}),
  };
  return rows;
}

}  // namespace relay::config
