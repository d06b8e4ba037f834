#include <relay/forward/associations.hpp>
#include <relay/forward/datagram_inlet.hpp>
#include <relay/forward/lane.hpp>
#include <relay/net/datagram_socket.hpp>

namespace relay::forward {

datagram_inlet::datagram_inlet(associations& home, std::uint16_t nth, const ip_endpoint& at,
                               bool is_first)
    : home_(&home),
      socket_(home.home().worker().poller()),
      at_(at),
      nth_(nth),
      is_first_(is_first) {}

datagram_inlet::~datagram_inlet() { socket_.notify(nullptr); }

error_code datagram_inlet::start(unique_fd listening) {
  // Otherwise it has one address, and the kernel answers from there.
  reading_.knows_own_address =
      at_.address.is_unspecified() && net::tells_own_address(listening.get(), at_.address);
  if (reading_.knows_own_address) {
    own_size_ = static_cast<std::uint8_t>(at_.address.bytes().size());
  } else if (at_.address.is_unspecified()) {
    home_->home().shared().log.call_refused("setsockopt(IP_PKTINFO)",
                                            "answers leave from the address the kernel chooses");
  }
  if (const auto ec = socket_.attach_datagrams(std::move(listening))) return ec;
  socket_.notify(this);
  return {};
}

void datagram_inlet::lead_to(associations& next, std::uint16_t nth) noexcept {
  home_ = &next;
  nth_ = nth;
}

void datagram_inlet::close() noexcept {
  socket_.notify(nullptr);
  socket_.close();
}

void datagram_inlet::wake() {
  error_code ec;
  const auto turn = socket_.on().turns();
  const auto all = home_->buffers().receive(socket_.fd(), reading_, turn, ec);
  if (ec) home_->home().shared().log.receive_failed(home_->of(), ec);
  if (!all.empty()) home_->arrived(*this, all);
}

}  // namespace relay::forward
