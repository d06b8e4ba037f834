#include "support/name_server.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace relay::test {
namespace {

unique_fd bound_socket(int type, const ip_endpoint& to) {
  unique_fd fd(::socket(to.address.family(), type | SOCK_CLOEXEC, 0));
  socket_address raw(to);
  if (!fd || ::bind(fd.get(), raw.data(), raw.length) != 0) {
    throw std::runtime_error("name_server: cannot bind");
  }
  return fd;
}

ip_endpoint local_endpoint(int fd) {
  socket_address raw;
  ::getsockname(fd, raw.data(), &raw.length);
  return raw.endpoint();
}

}  // namespace

name_server::name_server(script answers, const char* address) : script_(std::move(answers)) {
  for (int attempt = 0;; ++attempt) {  // the port must be free for both protocols
    udp_ = bound_socket(SOCK_DGRAM, {*ip_address::parse(address), 0});
    endpoint_ = local_endpoint(udp_.get());
    try {
      tcp_ = bound_socket(SOCK_STREAM, endpoint_);
      break;
    } catch (const std::runtime_error&) {
      if (attempt == 20) throw;
    }
  }
  ::listen(tcp_.get(), 16);
  wake_ = unique_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  thread_ = std::thread([this] { serve(); });
}

name_server::~name_server() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
}

void name_server::hold() {
  const std::lock_guard lock(mutex_);
  holding_ = true;
}

void name_server::release() {
  {
    const std::lock_guard lock(mutex_);
    holding_ = false;
  }
  ::eventfd_write(wake_.get(), 1);
}

int name_server::asked() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(seen_.size());
}

int name_server::asked(std::string_view name, std::uint16_t type) const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(std::ranges::count_if(
      seen_, [&](const auto& each) { return each.name == name && each.type == type; }));
}

int name_server::asked_over_tcp() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(std::ranges::count(seen_, true, &dns_query::over_tcp));
}

bool name_server::wait_for(int questions, std::chrono::seconds limit) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit,
                           [&] { return static_cast<int>(seen_.size()) >= questions; });
}

bool name_server::has_ipv6() {
  const unique_fd fd(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  socket_address raw(ip_endpoint{*ip_address::parse("::1"), 0});
  return fd && ::bind(fd.get(), raw.data(), raw.length) == 0;
}

void name_server::serve() {
  for (;;) {
    std::vector<pollfd> watched{
        {udp_.get(), POLLIN, 0}, {tcp_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    for (const auto& each : clients_) watched.push_back({each.get(), POLLIN, 0});
    ::poll(watched.data(), watched.size(), -1);
    std::vector<pending> due;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      if (!holding_) due = std::exchange(held_, {});
    }
    eventfd_t ignored = 0;
    ::eventfd_read(wake_.get(), &ignored);
    for (const auto& each : due) answer(each);
    if (watched[0].revents != 0) read_udp();
    for (std::size_t i = 3; i < watched.size(); ++i) {
      if (watched[i].revents != 0) read_tcp(watched[i].fd);
    }
    if (watched[1].revents != 0) {
      clients_.emplace_back(::accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    }
  }
}

void name_server::read_udp() {
  std::array<std::uint8_t, 4096> buffer{};
  socket_address from;
  const auto got =
      ::recvfrom(udp_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT, from.data(), &from.length);
  if (got > 0)
    handle(std::span(buffer).first(static_cast<std::size_t>(got)), {{}, -1, from.endpoint()});
}

void name_server::read_tcp(int fd) {
  std::array<std::uint8_t, 4096> buffer{};
  std::array<std::uint8_t, 2> head{};
  const auto got = ::recv(fd, head.data(), head.size(), MSG_WAITALL);
  const auto length = static_cast<std::size_t>(head[0] << 8 | head[1]);
  if (got != 2 || length > buffer.size() ||
      ::recv(fd, buffer.data(), length, MSG_WAITALL) != static_cast<ssize_t>(length)) {
    std::erase_if(clients_, [&](const auto& each) { return each.get() == fd; });
    return;
  }
  handle(std::span(buffer).first(length), {{}, fd, {}});
}

void name_server::handle(std::span<const std::uint8_t> message, pending from) {
  auto query = dns_query::parse(message);
  if (!query) return;
  query->over_tcp = from.tcp >= 0;
  from.query = *query;
  {
    const std::lock_guard lock(mutex_);
    seen_.push_back(*query);
    changed_.notify_all();
    if (holding_) {
      held_.push_back(std::move(from));
      return;
    }
  }
  answer(from);
}

void name_server::answer(const pending& to) {
  for (const auto& each : script_(to.query)) {
    if (to.tcp < 0) {
      socket_address raw(to.from);
      ::sendto(udp_.get(), each.data(), each.size(), 0, raw.data(), raw.length);
      continue;
    }
    bytes framed{static_cast<std::uint8_t>(each.size() >> 8),
                 static_cast<std::uint8_t>(each.size())};
    framed.insert(framed.end(), each.begin(), each.end());
    ::send(to.tcp, framed.data(), framed.size(), MSG_NOSIGNAL);
  }
}

}  // namespace relay::test
