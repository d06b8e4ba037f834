#include <relay/names/server_book.hpp>

#include <algorithm>
#include <utility>

namespace relay::names {
namespace {

constexpr std::uint16_t dns_port = 53;    // of the public servers
constexpr std::size_t max_addresses = 4;  // of one name server

// What realm asks when the system names nobody.
std::vector<ip_endpoint> public_servers() {
  std::vector<ip_endpoint> made;
  for (const auto* each : {"8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844"}) {
    made.push_back({*ip_address::parse(each), dns_port});
  }
  return made;
}

}  // namespace

upstream make_upstream(const config::dns& options, const resolv_conf& system,
                       const name_map<std::vector<ip_address>>& resolved,
                       std::uint16_t system_port) {
  upstream made;
  made.servers.protocol = options.protocol;
  for (const auto& each : options.nameservers) {
    if (each.address) made.servers.list.push_back({*each.address, each.ports.first});
    const auto known = resolved.find(each.host);
    if (each.address || known == resolved.end()) continue;
    for (const auto& address : known->second) {
      made.servers.list.push_back({address, each.ports.first});
    }
  }
  if (!options.nameservers.empty()) return made;  // then nothing of the system's counts
  for (const auto& each : system.nameservers) made.servers.list.push_back({each, system_port});
  if (made.servers.list.empty()) made.servers.list = public_servers();
  if (system.timeout) made.servers.timeout = *system.timeout;
  if (system.attempts) made.servers.tries = *system.attempts;
  made.servers.rotate = system.rotate;
  if (options.protocol_given) return made;
  made.conf = system;
  return made;
}

server_book::server_book(config::dns options, std::string resolv_conf_path,
                         std::uint16_t system_port)
    : options_(std::move(options)), system_port_(system_port), file_(std::move(resolv_conf_path)) {}

std::shared_ptr<const upstream> server_book::current(time_point now) {
  if (options_.nameservers.empty()) {
    if (const auto text = file_.news(now)) {
      auto read = parse_resolv_conf(*text);
      if (read != system_) current_ = nullptr;
      system_ = std::move(read);
    }
  }
  if (!current_) {
    current_ =
        std::make_shared<const upstream>(make_upstream(options_, system_, resolved_, system_port_));
  }
  return current_;
}

std::vector<std::string> server_book::wanted(time_point now) {
  std::vector<std::string> names;
  if (waiting_ || now < retry_at_) return names;
  for (const auto& each : options_.nameservers) {
    if (!each.address && !resolved_.contains(each.host)) names.push_back(each.host);
  }
  waiting_ = !names.empty();
  return names;
}

void server_book::resolved(name_map<std::vector<ip_address>> found, time_point now) {
  waiting_ = false;
  retry_at_ = now + retry_after;
  std::erase_if(found, [](const auto& each) { return each.second.empty(); });
  for (auto& [name, list] : found) list.resize(std::min(list.size(), max_addresses));
  if (found.empty()) return;
  resolved_.merge(found);
  current_ = nullptr;
}

}  // namespace relay::names
