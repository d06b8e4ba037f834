#include <relay/net/device_watch.hpp>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
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

error_code device_watch::follow(const std::vector<std::string>& devices) {
  std::vector<device> next;
  for (const auto& name : devices) {
    const auto known = std::ranges::find(devices_, name, &device::name);
    next.push_back(known != devices_.end() ? *known : device{name, ::if_nametoindex(name.c_str())});
  }
  devices_ = std::move(next);
  if (devices_.empty()) {
    socket_.notify(nullptr);
    socket_.close();
    return {};
  }
  return socket_.fd() >= 0 ? error_code() : start();
}

error_code device_watch::start() {
  auto made = news_of_links();
  if (!made) return made.error();
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
    if (each.index != 0 && is_there(each.index)) continue;
    const auto before = std::exchange(each.index, ::if_nametoindex(each.name.c_str()));
    if (each.index != 0) {
      told_(each.name, event::replaced);
    } else if (before != 0) {
      told_(each.name, event::gone);
    }
  }
}

}  // namespace relay::net
