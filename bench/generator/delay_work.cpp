#include "report.hpp"
#include "sockets.hpp"
#include "works.hpp"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <system_error>

namespace relay::bench {
namespace {

using steady = std::chrono::steady_clock;

/// A device whose packets this process carries, in the network that the calling thread is in.
unique_fd open_device(const std::string& name) {
  unique_fd made(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!made) throw std::system_error(errno, std::system_category(), "/dev/net/tun");
  ifreq wanted{};
  wanted.ifr_flags = IFF_TUN | IFF_NO_PI;
  std::copy_n(name.data(), std::min(name.size(), sizeof wanted.ifr_name - 1), wanted.ifr_name);
  if (::ioctl(made.get(), TUNSETIFF, &wanted) != 0) {
    throw std::system_error(errno, std::system_category(), name);
  }
  return made;
}

/// One direction of a long path: packets come out in order, `delay` after they went in.
class way {
 public:
  way(int from, int to, steady::duration delay) : from_(from), to_(to), delay_(delay) {}

  void take() {
    std::array<char, 2048> bytes;
    for (;;) {
      const auto got = ::read(from_, bytes.data(), bytes.size());
      if (got <= 0) return;
      under_way_.push_back({steady::now() + delay_, {bytes.data(), bytes.data() + got}});
    }
  }

  void deliver(steady::time_point now) {
    for (; !under_way_.empty() && under_way_.front().due <= now; under_way_.pop_front()) {
      const auto& bytes = under_way_.front().bytes;
      // A path may lose packets.
      [[maybe_unused]] const auto sent = ::write(to_, bytes.data(), bytes.size());
    }
  }

  steady::time_point next() const noexcept {
    return under_way_.empty() ? steady::time_point::max() : under_way_.front().due;
  }

 private:
  struct packet {
    steady::time_point due;
    std::vector<char> bytes;
  };

  int from_;
  int to_;
  steady::duration delay_;
  std::deque<packet> under_way_;
};

void wait(std::array<pollfd, 3>& on, steady::time_point until) {
  if (until == steady::time_point::max()) {
    ::poll(on.data(), on.size(), -1);
    return;
  }
  const auto left = std::max(until - steady::now(), steady::duration::zero());
  const timespec limit{0, std::min<long>(left.count(), 999'999'999)};
  ::ppoll(on.data(), on.size(), &limit, nullptr);
}

unique_fd open_in(const std::string& network, const std::string& device) {
  const in_network there(network);
  return open_device(device);
}

}  // namespace

int delay_work(options& given) {
  ::prctl(PR_SET_TIMERSLACK, 1);
  const auto delay = std::chrono::milliseconds(given.number("delay-ms", 50));
  const auto near = open_in(given.text("client-net"), given.text("client-device", "near"));
  const auto far = open_in(given.text("server-net"), given.text("server-device", "far"));
  given.check();
  way there(near.get(), far.get(), delay);
  way back(far.get(), near.get(), delay);
  report().add("up", 1).print();
  std::array<pollfd, 3> on{{{near.get(), POLLIN, 0}, {far.get(), POLLIN, 0}, {0, POLLIN, 0}}};
  while (on[2].revents == 0) {  // until our input ends
    wait(on, std::min(there.next(), back.next()));
    there.take();
    back.take();
    const auto now = steady::now();
    there.deliver(now);
    back.deliver(now);
  }
  return 0;
}

}  // namespace relay::bench
