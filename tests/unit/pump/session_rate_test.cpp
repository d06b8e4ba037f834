#include "support/session_bench.hpp"

#include <gtest/gtest.h>

namespace relay::pump {
namespace {

using namespace std::chrono_literals;
using test::fake_stream;

struct bench : test::session_bench {
  explicit bench(std::uint64_t rate, milliseconds half_close = 10s, milliseconds idle = 0ms)
      : session_bench(half_close, idle, rate) {}
  void last(milliseconds time) {
    for (int ms = 0; ms < time.count(); ++ms) {
      pump_bench::pass(1ms);
      if (ms % 100 == 99) pump_bench::pass(std::uint32_t{1});
    }
  }
};

TEST(SessionRate, MovesEachWayAtTheRate) {
  bench b(100'000);
  b.client.incoming = test::pattern(300'000);
  b.remote.incoming = test::pattern(150'000);
  b.wake();
  b.last(1s);
  EXPECT_NEAR(static_cast<double>(b.remote.written.size()), 100'000, 2000);
  EXPECT_NEAR(static_cast<double>(b.client.written.size()), 100'000, 2000);
  b.last(2500ms);
  EXPECT_EQ(b.remote.written, test::pattern(300'000)) << "all of it arrives";
  EXPECT_EQ(b.client.written, test::pattern(150'000));
}

TEST(SessionRate, TheEndComesAfterTheLastByteAndTheAnswerAfterIt) {
  bench b(100'000, 1s);
  b.client.incoming = test::pattern(50'000);
  b.client.ended = true;
  b.wake();
  EXPECT_FALSE(b.remote.shut);
  b.last(600ms);
  EXPECT_TRUE(b.remote.shut);
  EXPECT_EQ(b.remote.written.size(), 50'000U);
  b.remote.incoming = test::pattern(300'000);
  b.remote.ended = true;
  b.wake();
  b.last(2500ms);
  EXPECT_FALSE(b.end) << "longer than `half_close_timeout`, but not idle";
  b.last(1s);
  EXPECT_EQ(b.client.written.size(), 300'000U);
  EXPECT_EQ(b.end, session_end::client_eof);
}

TEST(SessionRate, WaitingForItsTurnIsNotIdle) {
  bench b(1, 10s, 200ms);
  b.rates.own = 0;
  shared_rate& all = b.rates.up.emplace(100, b.now);
  b.rates.down.emplace(100, b.now);
  fake_stream client;
  fake_stream remote;
  session other(b.shared, b, 10s, 200ms);
  all.bucket.book(200, b.now, 0ns);  // spent for two seconds
  other.limit(b.rates);
  client.incoming = "hello";
  other.start(client, remote);
  b.run();
  b.last(1500ms);
  EXPECT_EQ(remote.written, "");
  EXPECT_FALSE(remote.shut);
  b.last(1s);
  EXPECT_EQ(remote.written, "hello");
}

TEST(SessionRate, AnIdleSessionWithARateIsIdle) {
  bench b(1000, 10s, 1s);
  b.client.incoming = "hello";
  b.wake();
  b.last(3s);
  EXPECT_EQ(b.end, session_end::idle);
}

TEST(SessionRate, AResetPassesAfterWhatCameBefore) {
  bench b(100'000);
  b.client.incoming = test::pattern(20'000);
  b.client.read_error = test::connection_reset();
  b.wake();
  EXPECT_FALSE(b.end);
  b.last(300ms);
  EXPECT_EQ(b.remote.written.size(), 20'000U);
  EXPECT_EQ(b.end, session_end::reset_by_client);
  EXPECT_TRUE(b.remote.aborted);
}

TEST(SessionRate, ASinkThatFailsWhileItWaitsEndsIt) {
  bench b(10'000);
  b.client.incoming = test::pattern(20'000);
  b.wake();
  b.remote.write_error = test::connection_reset();
  b.remote.read_error = test::connection_reset();
  b.wake();
  b.last(200ms);
  EXPECT_EQ(b.end, session_end::reset_by_remote);
}

TEST(SessionRate, ASlowSinkHoldsNoTurnBackFromOthers) {
  bench b(1);
  b.rates.own = 0;
  auto& all = b.rates.up.emplace(1'000'000, b.now);
  b.rates.down.emplace(1'000'000, b.now);
  fake_stream client;
  fake_stream remote;
  session stuck(b.shared, b, 10s);
  client.incoming = test::pattern(100'000);
  remote.takes = 0;
  stuck.limit(b.rates);
  stuck.start(client, remote);
  b.run();
  EXPECT_EQ(all.flows(), 1U);
  b.last(100ms);
  EXPECT_EQ(all.flows(), 0U);
  remote.takes = SIZE_MAX;
  b.poller.schedule(stuck);
  b.run();
  b.last(200ms);
  EXPECT_EQ(remote.written, test::pattern(100'000));
}

TEST(SessionRate, SplicesByTheTurn) {
  test::pump_bench b;
  struct silent : session::owner {
    void ended(session& /*over*/, session_end /*why*/, const error_code& /*ec*/) override {}
  } nobody;
  byte_rates rates(2'000'000, 0, b.now);
  test::plain_end client(b);
  test::plain_end remote(b);
  session running(b.shared, nobody, 10s);
  running.limit(rates);
  running.start(client.stream, remote.stream);
  const auto data = test::pattern(300'000);
  std::string got;
  std::size_t sent = 0;
  while (got.size() < data.size()) {
    if (sent < data.size()) {
      const auto count = ::send(client.peer.get(), data.data() + sent, data.size() - sent,
                                MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count > 0) sent += static_cast<std::size_t>(count);
    }
    b.pass(1ms);
    std::array<char, 65536> some;
    const auto count = ::recv(remote.peer.get(), some.data(), some.size(), MSG_DONTWAIT);
    if (count > 0) got.append(some.data(), static_cast<std::size_t>(count));
  }
  EXPECT_EQ(got, data);
  EXPECT_GE(b.pipes.taken(), 1U) << "turns of 20 kB are spliced";
  running.abort();
}

}  // namespace
}  // namespace relay::pump
