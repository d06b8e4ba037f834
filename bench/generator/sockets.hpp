#pragma once

#include <relay/base/unique_fd.hpp>

#include <netinet/in.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace relay::bench {

/// An IPv4 address and a port; the networks of the benchmark are its own, so IPv4 is enough.
struct address {
  sockaddr_in raw{};
  static std::optional<address> parse(std::string_view text);
  const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(&raw); }
};

// These throw std::system_error: a benchmark that cannot open its sockets has nothing to say.
unique_fd listen_on(const address& where);
unique_fd accept_from(int listener);  ///< none when nobody waits
unique_fd dial(const address& to);    ///< not blocking, so it is connected later
unique_fd datagrams_on(const address& where, int receive_buffer);
unique_fd datagrams_to(const address& to, int receive_buffer);

/// Enters a network namespace (the path of one, or empty for the own one) for as long as it lives;
/// sockets made meanwhile belong there for good.
class in_network {
 public:
  explicit in_network(const std::string& path);
  in_network(const in_network&) = delete;
  in_network& operator=(const in_network&) = delete;
  ~in_network();

 private:
  unique_fd home_;
};

void raise_descriptor_limit();

}  // namespace relay::bench
