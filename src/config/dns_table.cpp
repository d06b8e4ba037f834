#include "tables.hpp"

#include <relay/config/words.hpp>

namespace relay::config {
namespace {

/// Whether it was given counts, too: giving the default drops the system's search list.
key_row<dns> protocol() {
  auto row = key("protocol", &dns::protocol, word_codec{dns_protocol_words});
  row.is_equal = [](const dns& a, const dns& b) {
    return a.protocol == b.protocol && a.protocol_given == b.protocol_given;
  };
  row.tell = [tell = row.tell](const dns& from) {
    return from.protocol_given ? tell(from) : std::string();
  };
  row.copy = [](const dns& from, dns& into) {
    into.protocol = from.protocol;
    into.protocol_given = from.protocol_given;
  };
  return row;
}

}  // namespace

const schema<dns>& dns_keys() {
  static const schema<dns> rows{
      key("mode", &dns::mode, word_codec{dns_mode_words}),
      protocol(),
      key("nameservers", &dns::nameservers, address_list_codec{parse_nameserver}),
      key("min_ttl", &dns::min_ttl, seconds_codec{}),
      key("max_ttl", &dns::max_ttl, seconds_codec{}),
      key("cache_size", &dns::cache_size, number_codec<std::size_t>{}),
  };
  return rows;
}

}  // namespace relay::config
