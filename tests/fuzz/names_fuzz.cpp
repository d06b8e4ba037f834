#include "entry.hpp"

#include <relay/names/hosts_file.hpp>
#include <relay/names/resolv_conf.hpp>

#include <algorithm>

namespace relay::names {
namespace {

using fuzz::require;

/// resolv.conf(5): whatever stands there, the limits hold.
void check_resolv_conf(std::string_view text) {
  const auto made = parse_resolv_conf(text);
  require(made.ndots >= 0 && made.ndots <= 15, "ndots is in range");
  require(!made.attempts || (*made.attempts >= 1 && *made.attempts <= 5), "attempts too");
  require(!made.timeout || (made.timeout->count() >= 1 && made.timeout->count() <= 30),
          "and the timeout");
  for (const auto& each : made.search) {
    require(!each.empty() && !each.ends_with('.'), "a suffix is a name");
    require(each == lower_case(each), "in lower case");
  }
  for (const auto* name : {"www", "www.test", "www.test."}) {
    const auto all = search_candidates(name, made);
    require(!all.empty() && all.size() <= made.search.size() + 1, "a name is asked for");
  }
}

/// hosts(5).
void check_hosts(std::string_view text) {
  for (const auto& [name, addresses] : parse_hosts(text)) {
    require(name == lower_case(name), "names are in lower case");
    require(!addresses.empty(), "a name has an address");
    for (auto at = addresses.begin(); at != addresses.end(); ++at) {
      require(std::find(addresses.begin(), at, *at) == at, "each of them once");
    }
  }
}

}  // namespace
}  // namespace relay::names

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = relay::fuzz::text_of(data, size);
  relay::names::check_resolv_conf(text);
  relay::names::check_hosts(text);
  return 0;
}
