#include "support/relay_bench.hpp"

#include <gtest/gtest.h>

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <list>
#include <thread>

namespace relay::forward {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;
constexpr std::size_t each_sends = 6 * mib;
constexpr int count = 24;

std::size_t queued(int fd, unsigned long which) {
  int bytes = 0;
  EXPECT_EQ(::ioctl(fd, which, &bytes), 0);
  return static_cast<std::size_t>(bytes);
}

/// Clients that send all they can through a relay to a server that does not read yet.
struct crowd {
  struct flow {
    unique_fd client;
    unique_fd server;
    std::size_t sent = 0;
  };

  explicit crowd(std::uint64_t bound) : bench(2) {
    bench.settings.process.socket_memory = bound;
    bench.add(test::address_of(listener.get()));
    bench.start();
    for (int i = 0; i < count; ++i) {
      auto& made = flows.emplace_back();
      made.client = bench.connect();
      made.server = test::accept_one(listener.get());
    }
  }

  /// What relay has taken and not passed on.
  std::size_t held() const {
    std::size_t all = 0;
    for (const auto& each : flows) {
      all += each.sent - queued(each.client.get(), SIOCOUTQ) - queued(each.server.get(), SIOCINQ);
    }
    return all;
  }
  /// Everybody sends what the kernel takes; whether that was anything.
  bool send() {
    std::size_t moved = 0;
    for (auto& each : flows) {
      const auto n = ::send(each.client.get(), data.data() + each.sent, each_sends - each.sent,
                            MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n <= 0) continue;
      each.sent += static_cast<std::size_t>(n);
      moved += static_cast<std::size_t>(n);
    }
    return moved > 0;
  }
  /// Until it is the same for a while.
  std::size_t fill() {
    auto last = std::chrono::steady_clock::now();
    test::wait_until([&] {
      const auto now = std::chrono::steady_clock::now();
      if (send()) last = now;
      return now - last > std::chrono::milliseconds(500);
    });
    return held();
  }
  /// How many servers receive everything, the clients sending the rest.
  int drain() {
    std::atomic<int> exact{0};
    std::vector<std::thread> threads;
    for (auto& each : flows) {
      threads.emplace_back([&] {
        test::send_all(each.client.get(), std::string_view(data).substr(each.sent));
        test::shut_write(each.client.get());
      });
      threads.emplace_back([&] {
        if (test::read_to_end(each.server.get()) == data) ++exact;
      });
    }
    for (auto& each : threads) each.join();
    return exact;
  }

  std::string data = test::pattern(each_sends);
  unique_fd listener = test::listen_any("127.0.0.1", 256);
  test::relay_bench bench;
  std::list<flow> flows;
};

TEST(SlowSinks, HoldNoMoreThanSocketMemoryAndGetEveryByte) {
  crowd c(16 * mib);
  const auto held = c.fill();
  EXPECT_GT(held, mib) << "they are slow";
  EXPECT_LT(held, 16 * mib);
  EXPECT_EQ(c.drain(), count);
  const auto log = c.bench.log_text();
  const std::string line = "socket_memory (16MiB): connections with slow readers get small queues";
  const auto at = log.find(line);
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(log.find(line, at + 1), std::string::npos) << "once";
}

TEST(SlowSinks, HoldMoreWhereTheBoundIsFarAway) {
  crowd c(mib * mib);
  EXPECT_GT(c.fill(), 32 * mib);
  EXPECT_EQ(c.drain(), count);
  EXPECT_EQ(c.bench.log_text().find("socket_memory"), std::string::npos);
}

TEST(SlowSinks, KeepNobodyElseFromStarting) {
  crowd c(16 * mib);
  c.fill();
  const auto client = c.bench.connect();
  const auto server = test::accept_one(c.listener.get());
  std::thread sender([&] {
    test::send_all(client.get(), c.data);
    test::shut_write(client.get());
  });
  EXPECT_EQ(test::read_to_end(server.get()), c.data);
  sender.join();
}

}  // namespace
}  // namespace relay::forward
