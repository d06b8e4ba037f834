#include "unit/ops/variables.hpp"

#include <relay/ops/listen_fds.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

namespace relay::ops {
namespace {

using test::variables;

/// Descriptors in a row, at numbers that nobody else uses.
class ListenFds : public ::testing::Test {
 protected:
  static constexpr int first = 700;
  static constexpr pid_t self = 4711;

  ~ListenFds() override {
    for (int i = 0; i < count_; ++i) ::close(first + i);  // those that nobody took
  }

  void add(int fd) {
    ASSERT_EQ(::dup2(fd, first + count_), first + count_);
    ++count_;
    ::close(fd);
  }
  /// A socket bound to a loopback address, listening if it can and should.
  void add_socket(int family, int type, bool listens = true) {
    const int fd = ::socket(family, type, 0);
    const auto* const host = family == AF_INET6 ? "::1" : "127.0.0.1";
    const socket_address at(ip_endpoint{*ip_address::parse(host), 0});
    ASSERT_EQ(::bind(fd, at.data(), at.length), 0);
    if (listens && type == SOCK_STREAM) {
      ASSERT_EQ(::listen(fd, 4), 0);
    }
    add(fd);
  }

  listen_fds take(const std::string& names = "", pid_t meant_for = self) const {
    return take_listen_fds(variables({{"LISTEN_PID", std::to_string(meant_for)},
                                      {"LISTEN_FDS", std::to_string(count_)},
                                      {"LISTEN_FDNAMES", names}}),
                           self, first);
  }
  static bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }

  int count_ = 0;
};

TEST_F(ListenFds, SocketsAreTakenWithTheirAddressesAndNames) {
  add_socket(AF_INET, SOCK_STREAM);
  add_socket(AF_INET6, SOCK_DGRAM);
  const auto taken = take("web:game");
  EXPECT_TRUE(taken.refused.empty()) << taken.refused.front();
  ASSERT_EQ(taken.sockets.size(), 2U);
  const auto& web = taken.sockets[0];
  EXPECT_EQ(web.fd.get(), first);
  EXPECT_EQ(web.at.address.to_string(), "127.0.0.1");
  EXPECT_NE(web.at.port, 0);
  EXPECT_EQ(web.name, "web");
  EXPECT_FALSE(web.datagram);
  EXPECT_TRUE(taken.sockets[1].datagram);
  EXPECT_TRUE(taken.sockets[1].at.address.is_v6());
  EXPECT_EQ(taken.sockets[1].name, "game");
}

TEST_F(ListenFds, TakenSocketsNeverBlockAndAreClosedOnExec) {
  add_socket(AF_INET, SOCK_STREAM);
  const auto taken = take();
  ASSERT_EQ(taken.sockets.size(), 1U);
  EXPECT_TRUE(::fcntl(first, F_GETFD) & FD_CLOEXEC);
  EXPECT_TRUE(::fcntl(first, F_GETFL) & O_NONBLOCK);
  EXPECT_EQ(taken.sockets[0].name, "");
}

TEST_F(ListenFds, VariablesForAnotherProcessAreLeftAlone) {
  add_socket(AF_INET, SOCK_STREAM);
  const auto taken = take("", self + 1);
  EXPECT_TRUE(taken.sockets.empty());
  EXPECT_TRUE(taken.refused.empty());
  EXPECT_TRUE(take_listen_fds({}, self, first).sockets.empty()) << "no environment at all";
  EXPECT_TRUE(take_listen_fds(variables({{"LISTEN_FDS", "1"}}), self, first).sockets.empty());
  EXPECT_TRUE(take_listen_fds(variables({{"LISTEN_PID", "4711"}}), self, first).refused.empty());
}

TEST_F(ListenFds, EachThatIsOfNoUseIsNamedAndTheOthersAreTaken) {
  add_socket(AF_INET, SOCK_STREAM, false);
  add_socket(AF_INET, SOCK_STREAM);
  add(::open("/dev/null", O_RDONLY));
  add(::socket(AF_UNIX, SOCK_STREAM, 0));
  add(::socket(AF_INET, SOCK_DGRAM, 0));
  ::close(first + count_++);  // promised, but not there
  const auto taken = take("a:b:c:d:e:f");
  ASSERT_EQ(taken.sockets.size(), 2U);
  EXPECT_EQ(taken.sockets[0].name, "b");
  EXPECT_EQ(taken.sockets[1].name, "e");
  ASSERT_EQ(taken.refused.size(), 4U);
  EXPECT_TRUE(has(taken.refused[0], "descriptor 700 (a): ")) << taken.refused[0];
  EXPECT_TRUE(has(taken.refused[0], "does not listen")) << taken.refused[0];
  EXPECT_TRUE(has(taken.refused[1], "(c): not a socket")) << taken.refused[1];
  EXPECT_TRUE(has(taken.refused[2], "(d): neither an IPv4 nor")) << taken.refused[2];
  EXPECT_TRUE(has(taken.refused[3], "descriptor 705 (f): ")) << taken.refused[3];
  EXPECT_GE(::fcntl(first, F_GETFD), 0) << "what is refused stays open";
}

TEST_F(ListenFds, NumberThatIsNoneIsRefused) {
  for (const char* text : {"", "x", "-1", "1x", "99999999999", "9999999"}) {
    const auto taken =
        take_listen_fds(variables({{"LISTEN_PID", "4711"}, {"LISTEN_FDS", text}}), self, first);
    EXPECT_TRUE(taken.sockets.empty());
    ASSERT_EQ(taken.refused.size(), 1U) << text;
    EXPECT_TRUE(has(taken.refused[0], "LISTEN_FDS")) << taken.refused[0];
  }
}

}  // namespace
}  // namespace relay::ops
