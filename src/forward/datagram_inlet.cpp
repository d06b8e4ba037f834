#include <relay/forward/associations.hpp>
#include <relay/forward/datagram_inlet.hpp>
#include <relay/forward/lane.hpp>

namespace relay::forward {

datagram_inlet::datagram_inlet(associations& home, std::uint16_t nth, const ip_endpoint& at)
    : home_(home), socket_(home.home().worker().poller()), nth_(nth) {
  if (!at.address.is_unspecified()) return;  // it has one address, the kernel answers from there
  reading_.knows_own_address = true;
  own_size_ = static_cast<std::uint8_t>(at.address.bytes().size());
}

datagram_inlet::~datagram_inlet() { socket_.notify(nullptr); }

error_code datagram_inlet::start(unique_fd listening) {
  if (const auto ec = socket_.attach_datagrams(std::move(listening))) return ec;
  socket_.notify(this);
  return {};
}

void datagram_inlet::wake() {
  error_code ec;
  const auto turn = socket_.on().turns();
  const auto all = home_.buffers().receive(socket_.fd(), reading_, turn, ec);
  if (ec) home_.home().shared().log.receive_failed(home_.of(), ec);
  if (!all.empty()) home_.arrived(*this, all);
}

}  // namespace relay::forward
