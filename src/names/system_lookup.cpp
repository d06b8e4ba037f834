#include <relay/names/system_lookup.hpp>

#include <netdb.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace relay::names {

result<std::vector<ip_address>> system_lookup(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;  // otherwise every address comes once per socket type
  addrinfo* raw = nullptr;
  const int rc = ::getaddrinfo(host.c_str(), nullptr, &hints, &raw);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(raw, &::freeaddrinfo);
  if (rc == EAI_SYSTEM) return last_system_error();
  if (rc == EAI_NONAME) return make_error_code(errc::no_such_name);
  if (rc != 0) return make_error_code(errc::lookup_failed);
  std::vector<ip_address> found;
  for (const auto* each = list.get(); each != nullptr; each = each->ai_next) {
    socket_address address;
    std::memcpy(address.data(), each->ai_addr,
                std::min<std::size_t>(each->ai_addrlen, sizeof address.v6));
    if (each->ai_family == AF_INET || each->ai_family == AF_INET6) {
      found.push_back(address.endpoint().address);
    }
  }
  if (found.empty()) return make_error_code(errc::no_address);
  return found;
}

}  // namespace relay::names
