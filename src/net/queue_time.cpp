#include <relay/net/queue_time.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace relay::net {

// "The last data was sent" begins to count when the handshake is over.
std::chrono::milliseconds queue_time(int fd) {
  tcp_info what{};
  socklen_t length = sizeof what;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &what, &length) != 0) return {};
  return std::chrono::milliseconds(what.tcpi_last_data_sent);
}

}  // namespace relay::net
