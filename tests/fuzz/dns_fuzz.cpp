#include "entry.hpp"

#include <relay/names/dns_message.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <vector>

namespace relay::names {
namespace {

using fuzz::require;
using kind = dns_reply::kind;

/// What a name server sent is either addresses of the kind that was asked for, or a clear no.
void check(const dns_reply& reply, record_type wanted, std::size_t size) {
  const auto family = wanted == record_type::aaaa ? AF_INET6 : AF_INET;
  require((reply.what == kind::found) == !reply.addresses.empty(), "found means addresses");
  require((reply.what == kind::failed) == static_cast<bool>(reply.ec), "a failure has a reason");
  require(std::ranges::all_of(reply.addresses,
                              [&](const ip_address& each) { return each.family() == family; }),
          "what was asked for is answered");
  require(reply.what != kind::found || reply.ttl, "an address is good for some time");
  require(!reply.ttl || reply.ttl->count() >= 0, "which is not in the past");
  require(reply.addresses.size() <= size / 12, "each address has a record");
}

}  // namespace
}  // namespace relay::names

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace relay::names;
  // In memory of its own, so that a sanitizer sees a read beyond it.
  const std::vector<std::uint8_t> message(data, data + size);
  for (const auto wanted : {record_type::a, record_type::aaaa}) {
    check(read_reply(message, wanted), wanted, size);
  }
  return 0;
}
