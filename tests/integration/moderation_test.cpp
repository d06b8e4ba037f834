#include "support/relay_bench.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace relay::forward {
namespace {

constexpr std::size_t upload = std::size_t{12} << 20;  // well beyond what is taken for a message
constexpr int connections = 4;
constexpr int rounds = 3;

/// Takes each upload whole, then answers with its size.
void serve(int listener, int count, const std::string& expected, std::atomic<int>& exact) {
  std::vector<std::thread> each;
  for (int i = 0; i < count; ++i) {
    each.emplace_back([&expected, &exact, peer = test::accept_one(listener)] {
      if (test::read_to_end(peer.get()) == expected) ++exact;
      test::send_all(peer.get(), "taken");
    });
  }
  for (auto& one : each) one.join();
}

/// Uploads on several connections at once, which come and go while others are at it; how many
/// arrived whole and were answered after the half-close.
int uploads_that_arrive(bool moderated) {
  const auto data = test::pattern(upload);
  const auto listener = test::listen_any();
  test::relay_bench bench(2);
  bench.add(test::address_of(listener.get())).network.moderation = moderated;
  bench.start();
  std::atomic<int> exact{0};
  std::atomic<int> answered{0};
  std::thread server([&] { serve(listener.get(), connections * rounds, data, exact); });
  std::vector<std::thread> clients;
  for (int i = 0; i < connections; ++i) {
    clients.emplace_back([&] {
      for (int round = 0; round < rounds; ++round) {
        const auto socket = bench.connect();
        test::send_all(socket.get(), data);
        test::shut_write(socket.get());
        if (test::read_to_end(socket.get()) == "taken") ++answered;
      }
    });
  }
  for (auto& client : clients) client.join();
  server.join();
  EXPECT_EQ(exact, answered);
  return answered;
}

TEST(Moderation, UploadsArriveWholeAndAreAnsweredAfterTheHalfClose) {
  EXPECT_EQ(uploads_that_arrive(true), connections * rounds);
}

TEST(Moderation, TheSameWithoutIt) { EXPECT_EQ(uploads_that_arrive(false), connections * rounds); }

TEST(Moderation, AResetInTheMiddleOfAnUploadReachesTheRemote) {
  const auto listener = test::listen_any();
  test::relay_bench bench(1);
  bench.add(test::address_of(listener.get()));
  bench.start();
  auto client = bench.connect();
  const auto remote = test::accept_one(listener.get());
  const auto data = test::pattern(upload);
  std::thread reader([&] { EXPECT_EQ(test::read_exactly(remote.get(), upload), data); });
  test::send_all(client.get(), data);
  reader.join();
  test::reset(std::move(client));
  EXPECT_TRUE(test::sees_reset(remote.get()));
}

}  // namespace
}  // namespace relay::forward
