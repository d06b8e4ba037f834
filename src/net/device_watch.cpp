#include <relay/net/device_watch.hpp>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace relay::net {
namespace {

result<unique_fd> news_of_links() {
  unique_fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd) return last_system_error();
  sockaddr_nl about{};
  about.nl_family = AF_NETLINK;
  about.nl_groups = RTMGRP_LINK;
  const auto* const address = reinterpret_cast<const sockaddr*>(&about);
  if (::bind(fd.get(), address, sizeof about) != 0) return last_system_error();
  return fd;
}

// A device that was renamed is still there.
bool is_there(unsigned index) {
  std::array<char, IF_NAMESIZE> name{};
  return ::if_indextoname(index, name.data()) != nullptr;
}

}  // namespace

device_watch::device_watch(poller& on, handler told) : socket_(on), told_(std::move(told)) {}

device_watch::~device_watch() { socket_.notify(nullptr); }

error_code device_watch::start(const std::vector<std::string>& devices) {
  auto made = news_of_links();
  if (!made) return made.error();
  for (const auto& each : devices) devices_.push_back({each, ::if_nametoindex(each.c_str())});
  if (const auto ec = socket_.attach(std::move(*made))) return ec;
  socket_.notify(this);
  return {};
}

// What has come says that something has changed; what, is asked afresh. So news that were lost
// because too many came at once (ENOBUFS) do no harm.
void device_watch::wake() {
  std::array<char, 4096> ignored;
  while (::recv(socket_.fd(), ignored.data(), ignored.size(), 0) >= 0 || errno == EINTR ||
         errno == ENOBUFS) {
  }
  socket_.clear(seen::readable);
  look();
}

void device_watch::look() {
  for (auto& each : devices_) {
    if (is_there(each.index)) continue;
    const auto now = ::if_nametoindex(each.name.c_str()) == 0 ? event::gone : event::replaced;
    if (each.is_lost && each.told == now) continue;
    each.is_lost = true;
    each.told = now;
    told_(each.name, now);
  }
}

}  // namespace relay::net
