#include "missing_devices.hpp"

#include <relay/base/zoned_address.hpp>

#include <net/if.h>

#include <set>
#include <string>

namespace relay::app {

std::vector<config::problem> missing_devices(const config::settings& what) {
  std::vector<config::problem> made;
  std::set<std::string> seen;
  const auto look = [&](const std::string& device, const config::origin& where) {
    if (device.empty() || !seen.insert(device).second || ::if_nametoindex(device.c_str()) != 0)
      return;
    made.push_back({config::problem::level::warning,
                    where,
                    "this machine has no device `" + device + '`',
                    {}});
  };
  const auto look_at_zone = [&](const host_port& address, const config::origin& where) {
    if (const auto zoned = zoned_address::parse(address.host)) look(zoned->device, where);
  };
  for (const auto& each : what.endpoints) {
    look(each.interface, config::place_of(each, "interface"));
    look(each.listen_interface, config::place_of(each, "listen_interface"));
    look_at_zone(each.listen, config::place_of(each, "listen"));
    look_at_zone(each.remote, config::place_of(each, "remote"));
    for (const auto& extra : each.extra_remotes)
      look_at_zone(extra, config::place_of(each, "extra_remotes"));
    if (each.through) look_at_zone(*each.through, config::place_of(each, "through"));
  }
  return made;
}

}  // namespace relay::app
