#include "entry.hpp"

#include <relay/base/cidr.hpp>
#include <relay/base/host_port.hpp>

namespace relay {
namespace {

using fuzz::require;

/// What is understood prints as a text that is understood as the same.
void check(std::string_view text, parsed<host_port> (*parse)(std::string_view)) {
  const auto made = parse(text);
  require(made.wrong.empty() == made.value.has_value(), "a refusal says why");
  if (!made) return;
  require(made->ports.first <= made->ports.last, "a range runs upwards");
  require(made->address == ip_address::parse(made->host), "a literal is known as one");
  const auto again = parse(made->to_string());
  require(again && *again == *made, "an address reads back");
}

void check_ip(std::string_view text) {
  if (const auto made = ip_address::parse(text)) {
    require(ip_address::parse(made->to_string()) == made, "an IP address reads back");
  }
  if (const auto made = ip_endpoint::parse(text)) {
    require(ip_endpoint::parse(made->to_string()) == made, "an IP address and port read back");
  }
  if (const auto made = cidr::parse(text)) {
    const auto again = cidr::parse(made->to_string());
    require(again && *again == *made, "a block of addresses reads back");
    require(made->contains(made->network) || made->network.is_v6(), "a block has its network");
  }
}

}  // namespace
}  // namespace relay

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = relay::fuzz::text_of(data, size);
  for (const auto parse :
       {relay::parse_listen, relay::parse_remote, relay::parse_through, relay::parse_nameserver}) {
    relay::check(text, parse);
  }
  relay::check_ip(text);
  return 0;
}
