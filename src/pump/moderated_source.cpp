#include <relay/pump/moderated_source.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace relay::pump {

using net::seen;

void moderated_source::begin_run() noexcept {
  if (is_armed() && net::has(source_->events(), seen::hangup | seen::urgent)) let_go();
}

void moderated_source::ran_dry(std::size_t bytes) {
  if (source_ == nullptr || bytes == 0) return;  // woken for something else
  if (!is_armed()) {
    if (policy_.ran_dry(bytes)) try_to_arm();
    return;
  }
  // A visit may leave something behind. It is reported again, in a period or when let go.
  source_->clear(seen::readable);
  visited(bytes);
}

void moderated_source::has_more(std::size_t bytes) {
  if (source_ == nullptr || bytes == 0) return;
  if (is_armed()) return visited(bytes);
  policy_.moved(bytes);
}

void moderated_source::sink_is_full(std::size_t bytes) {
  has_more(bytes);
  let_go();
}

void moderated_source::message_boundary() noexcept {
  if (policy_.message_boundary()) source_->on().disarm(*source_);
}

void moderated_source::try_to_arm() {
  const auto window = receive_window(source_->fd());
  if (window < policy_.wanted_window() || !source_->on().arm(*source_)) return policy_.refused();
  policy_.arm(window);
}

void moderated_source::visited(std::size_t bytes) {
  const auto verdict = policy_.visited(bytes);
  if (verdict == moderation::verdict::stay) return;
  // Windows grow while much is moved, so the one that was looked at may be out of date.
  const bool stays =
      verdict == moderation::verdict::look && policy_.fits(receive_window(source_->fd()));
  if (!stays) source_->on().disarm(*source_);
}

void moderated_source::let_go() noexcept {
  if (!is_armed()) return;
  policy_.disarmed();
  source_->on().disarm(*source_);
}

std::size_t receive_window(int fd) noexcept {
  // tcpi_rcv_wnd: younger (Linux 6.2) than the headers we build with.
  constexpr std::size_t at = 232;
  std::uint32_t window = 0;
  std::array<std::byte, 256> info{};
  socklen_t length = info.size();
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, info.data(), &length) == 0 &&
      length >= at + sizeof window) {
    std::memcpy(&window, info.data() + at, sizeof window);
    return window;
  }
  int buffer = 0;
  length = sizeof buffer;
  if (::getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, &length) != 0 || buffer < 0) return 0;
  return static_cast<std::size_t>(buffer) / 2;  // the other half is for the kernel's overhead
}

}  // namespace relay::pump
