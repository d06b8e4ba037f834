#include "support/ranges.hpp"
#include "support/sockets.hpp"

#include <relay/forward/binding.hpp>
#include <relay/net/datagram_socket.hpp>
#include <relay/net/descriptors.hpp>

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <map>

namespace relay::forward {
namespace {

constexpr std::size_t workers = 4;
constexpr std::uint16_t count = 1100;  // with TCP and UDP so many that four threads bind them

int option_of(int fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  ::getsockopt(fd, level, name, &value, &length);
  return value;
}

bool is_in_use(const std::string& why) { return why.find("in use") != std::string::npos; }

class BigRange : public testing::Test {
 protected:
  void SetUp() override {
    if (!test::room_for(2 * count + 100)) GTEST_SKIP() << "the limit of descriptors is too low";
  }

  std::variant<bound_endpoint, std::string> bind_from(std::uint16_t first) {
    const host_port listen{
        address.to_string(), address, {first, static_cast<std::uint16_t>(first + count - 1)}};
    return bind_endpoint({listen, options, streams, datagrams, workers, {}}, inherited);
  }

  /// Where all ports are free, as far as others do not bind them meanwhile.
  bound_endpoint bind() {
    std::string why;
    for (std::uint16_t first = 10000; first < 60000;
         first = static_cast<std::uint16_t>(first + 1999)) {
      auto made = bind_from(first);
      if (auto* bound = std::get_if<bound_endpoint>(&made)) return std::move(*bound);
      why = std::get<std::string>(made);
      if (!is_in_use(why)) break;
    }
    ADD_FAILURE() << why;
    return {};
  }

  /// Somebody else's socket.
  unique_fd occupy(std::uint16_t port, bool udp) const {
    const net::listen_options alone;
    const char* step = nullptr;
    auto made = udp ? net::listen_udp({address, port}, alone, &step)
                    : net::listen_tcp({address, port}, alone, &step);
    return made ? std::move(*made) : unique_fd();
  }

  ip_address address = test::own_address();
  net::listen_options options;
  bool streams = true;
  bool datagrams = true;
  std::vector<net::inherited_socket> inherited;
};

TEST(ThreadsFor, FewSocketsNeedOneAndManyAsManyAsThereAreWorkers) {
  EXPECT_EQ(threads_for(1, 8), 1U);
  EXPECT_EQ(threads_for(1000, 8), 1U);
  EXPECT_EQ(threads_for(2000, 8), 3U);
  EXPECT_EQ(threads_for(18000, 8), 8U);
  EXPECT_EQ(threads_for(18000, 1), 1U);
  EXPECT_EQ(threads_for(0, 4), 1U);
}

TEST_F(BigRange, IsBoundPortByPortAndDealtOutToTheWorkers) {
  const auto bound = bind();
  ASSERT_EQ(bound.sockets.size(), 2U * count);
  for (std::size_t i = 0; i < bound.sockets.size(); ++i) {
    const auto& each = bound.sockets[i];
    EXPECT_EQ(each.nth, i / 2);
    EXPECT_EQ(each.datagrams, i % 2 == 1);
    EXPECT_EQ(each.worker, each.nth % workers);
    EXPECT_EQ(test::address_of(each.fd.get()),
              (ip_endpoint{address, static_cast<std::uint16_t>(bound.at.port + each.nth)}));
    EXPECT_EQ(option_of(each.fd.get(), SOL_SOCKET, SO_ACCEPTCONN), each.datagrams ? 0 : 1);
  }
}

TEST_F(BigRange, HasOneKindOfSocketsWhereOneIsWanted) {
  for (const bool udp : {false, true}) {
    streams = !udp;
    datagrams = udp;
    const auto bound = bind();
    ASSERT_EQ(bound.sockets.size(), count);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(bound.sockets[i].nth, i);
      EXPECT_EQ(bound.sockets[i].datagrams, udp);
    }
  }
}

TEST_F(BigRange, OfSeveralBusyPortsTheLowestIsNamedAndNothingIsLeft) {
  const auto first = bind().at.port;
  // Port and kind: what is named, then others that another thread or the same may find before.
  const std::vector<std::vector<std::pair<int, bool>>> cases{
      {{count - 1, true}},
      {{0, false}, {1, false}, {count - 1, false}},
      {{150, true}, {151, false}, {count / 4, false}, {count / 2, true}},
      {{600, false}, {600, true}, {830, false}, {count - 1, true}}};
  for (const auto& busy : cases) {
    std::vector<unique_fd> others;
    for (const auto& [nth, udp] : busy) {
      others.push_back(occupy(static_cast<std::uint16_t>(first + nth), udp));
      ASSERT_TRUE(others.back());
    }
    const auto before = net::descriptors().open;
    const auto made = bind_from(first);
    const auto* why = std::get_if<std::string>(&made);
    ASSERT_TRUE(why);
    const ip_endpoint at{address, static_cast<std::uint16_t>(first + busy[0].first)};
    const auto* const kind = busy[0].second ? " for UDP: " : ": ";
    EXPECT_EQ(why->find("cannot listen on " + at.to_string() + kind), 0U) << *why;
    EXPECT_TRUE(is_in_use(*why)) << *why;
    EXPECT_EQ(net::descriptors().open, before);
  }
  EXPECT_TRUE(std::holds_alternative<bound_endpoint>(bind_from(first))) << "all are free again";
}

TEST_F(BigRange, WhatFailsAtEachPortIsToldOfTheFirst) {
  options.interface = "no-such-device";
  const auto made = bind_from(10000);
  const auto* why = std::get_if<std::string>(&made);
  ASSERT_TRUE(why);
  const ip_endpoint at{address, 10000};
  EXPECT_EQ(why->find("cannot listen on " + at.to_string() + ": binding to the device: "), 0U)
      << *why;
}

TEST_F(BigRange, EachSocketHasTheOptions) {
  address = *ip_address::parse("::1");
  options.ipv6_only = true;
  options.interface = "lo";
  options.alive = {std::chrono::seconds(17), 4};
  const auto bound = bind();
  ASSERT_EQ(bound.sockets.size(), 2U * count);
  for (const auto& each : bound.sockets) {
    const auto fd = each.fd.get();
    EXPECT_EQ(option_of(fd, IPPROTO_IPV6, IPV6_V6ONLY), 1);
    EXPECT_EQ(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), each.datagrams ? 0 : 1);
    EXPECT_EQ(option_of(fd, SOL_SOCKET, SO_REUSEPORT), 1)
        << "a listener with other options may take its place in a reload";
    char device[16] = {};
    socklen_t length = sizeof device;
    EXPECT_EQ(::getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, &length), 0);
    EXPECT_STREQ(device, "lo");
  }
}

TEST_F(BigRange, TakesInheritedSocketsFromTheMiddle) {
  const auto first = bind().at.port;
  std::map<std::size_t, int> given;  // by their places
  for (const auto& [nth, udp] : {std::pair{300, false}, {801, true}}) {
    const auto port = static_cast<std::uint16_t>(first + nth);
    inherited.push_back({occupy(port, udp), {address, port}, udp, "web"});
    given[static_cast<std::size_t>(2 * nth + (udp ? 1 : 0))] = inherited.back().fd.get();
  }
  auto made = bind_from(first);
  auto* bound = std::get_if<bound_endpoint>(&made);
  ASSERT_TRUE(bound) << std::get<std::string>(made);
  ASSERT_EQ(bound->sockets.size(), 2U * count);
  for (const auto& [place, fd] : given) EXPECT_EQ(bound->sockets[place].fd.get(), fd);
  for (const auto& each : inherited) EXPECT_FALSE(each.fd);
}

// A table that has grown already need not grow while threads wait for it.
TEST(Descriptors, RoomForMoreTakesNone) {
  const auto before = net::descriptors().open;
  net::make_room_for_descriptors(100);
  net::make_room_for_descriptors(std::size_t{1} << 40);
  EXPECT_EQ(net::descriptors().open, before);
}

}  // namespace
}  // namespace relay::forward
