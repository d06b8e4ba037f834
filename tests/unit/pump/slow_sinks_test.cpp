#include "support/pump_bench.hpp"

#include <relay/pump/direction.hpp>
#include <relay/pump/socket_memory.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <list>

namespace relay::pump {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;
constexpr std::size_t each_sends = 8 * mib;

/// Connections of the kernel's whose senders send as much as they can.
struct crowd : test::pump_bench {
  struct flow {
    explicit flow(test::pump_bench& on) : from(on), to(on) {}
    test::plain_end from;
    test::plain_end to;
    direction way;
    std::size_t sent = 0;
    std::size_t got = 0;
  };

  /// `bound`: 0 is none.
  crowd(std::size_t count, std::uint64_t bound) : memory(bound) {
    if (bound != 0) shared.bound_by(memory);
    for (std::size_t i = 0; i < count; ++i) flows.emplace_back(*this);
  }
  ~crowd() {
    for (auto& each : flows) each.way.release(shared);
    EXPECT_EQ(memory.held(), 0U);
  }

  bool send(flow& by) {
    const auto at = by.sent % data.size();
    const auto most = std::min(data.size() - at, each_sends - by.sent);
    if (most == 0) return false;
    const auto count =
        ::send(by.from.peer.get(), data.data() + at, most, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count > 0) by.sent += static_cast<std::size_t>(count);
    return count > 0;
  }
  bool receive(flow& by) {
    const auto count = ::recv(by.to.peer.get(), some.data(), some.size(), MSG_DONTWAIT);
    if (count <= 0) return false;
    const auto bytes = static_cast<std::size_t>(count);
    for (std::size_t done = 0; done < bytes;) {
      const auto at = (by.got + done) % data.size();
      const auto part = std::min(bytes - done, data.size() - at);
      EXPECT_EQ(std::memcmp(some.data() + done, data.data() + at, part), 0) << by.got + done;
      done += part;
    }
    by.got += bytes;
    return true;
  }
  /// Lets everybody send, until so many rounds have brought nothing new. True: something moved.
  void settle(bool reads) {
    for (int quiet = 0; quiet < 20;) {
      bool moved = false;
      for (auto& each : flows) {
        moved |= send(each);
        error_code why;
        each.way.run(each.from.stream, each.to.stream, shared, mib, why);
        moved |= reads && receive(each);
      }
      quiet = moved ? 0 : quiet + 1;
      poller.turn(std::chrono::milliseconds(quiet > 0 ? 5 : 0));
    }
  }
  std::size_t held() {
    std::size_t all = 0;
    for (auto& each : flows)
      all += each.to.stream.send_memory() + each.from.stream.receive_memory();
    return all;
  }

  socket_memory memory;
  std::list<flow> flows;
  std::string data = test::pattern(mib);
  std::array<char, mib> some{};
};

TEST(SlowSinks, HoldNoMoreThanTheBoundAndGetEveryByteWhenTheyRead) {
  crowd c(24, 16 * mib);
  c.settle(false);
  EXPECT_LT(c.held(), 16 * mib);
  c.settle(true);
  for (auto& each : c.flows) {
    EXPECT_EQ(each.sent, each_sends);
    EXPECT_EQ(each.got, each_sends);
  }
}

TEST(SlowSinks, HoldMoreWithoutABound) {
  crowd c(24, 0);
  c.settle(false);
  EXPECT_GT(c.held(), 32 * mib) << "else the other test shows nothing";
}

TEST(SlowSinks, AFastOneAmongThemIsNotHeldBack) {
  crowd c(24, 16 * mib);
  c.settle(false);
  crowd::flow fast(c);
  EXPECT_TRUE(test::turn_until(c.poller, [&] {
    c.send(fast);
    error_code why;
    fast.way.run(fast.from.stream, fast.to.stream, c.shared, mib, why);
    c.receive(fast);
    return fast.got == each_sends;
  }));
  fast.way.release(c.shared);
}

}  // namespace
}  // namespace relay::pump
