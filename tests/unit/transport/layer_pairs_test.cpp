// The handshakes of the transports against each other: what follows them, what interrupts them.
#include "support/counting_waiter.hpp"
#include "support/layer_bench.hpp"

#include <algorithm>

namespace relay::transport {
namespace {

using namespace std::chrono_literals;
using handshake::first_frame_delay;
using std::chrono::steady_clock;
using test::layer_bench;
using test::layer_end;
using test::layer_kinds;

/// Both sides on one worker.
struct pair {
  explicit pair(const std::string& kind) : what(kind) {
    auto [one, other] = test::tcp_pair();
    client.emplace(b, std::move(one));
    server.emplace(b, std::move(other));
  }
  void begin() {
    server->accept(what.in);
    client->dial(what.out);
  }
  bool open() {
    begin();
    b.finish();
    return client->has_come_about() && server->has_come_about();
  }

  layer_bench b;
  layer_kinds what;
  std::optional<layer_end> client;
  std::optional<layer_end> server;
};

TEST(LayerPairs, CarryBytesBothWays) {
  for (const std::string kind : {"ws", "tls", "wss"}) {
    pair p(kind);
    ASSERT_TRUE(p.open()) << kind;
    const auto up = test::pattern(40'000, 1);
    const auto down = test::pattern(40'000, 2);
    p.client->write(up);
    p.server->write(down);
    EXPECT_EQ(p.server->read(up.size()), up) << kind;
    EXPECT_EQ(p.client->read(down.size()), down) << kind;
    EXPECT_EQ(p.client->over.top().shutdown_write().what, io::moved);
    io_result last;
    EXPECT_EQ(p.server->read(0, &last), "");
    EXPECT_EQ(last.what, io::end) << kind;
  }
}

// What comes with the end of a handshake has had its event; the pump looks without one.
TEST(LayerPairs, PayloadRightBehindAHandshakeIsThereWithoutAnotherEvent) {
  for (const std::string kind : {"ws", "tls", "wss"}) {
    pair p(kind);
    p.begin();
    p.b.when([&] { return p.client->has_come_about(); }, [&] { p.client->write("at once"); });
    p.b.finish();
    ASSERT_TRUE(p.server->has_come_about()) << kind;
    EXPECT_EQ(p.server->read(7), "at once") << kind;
  }
}

TEST(LayerPairs, NobodyIsToldOfTheSocketsAfterwards) {
  for (const std::string kind : {"ws", "tls", "wss"}) {
    pair p(kind);
    ASSERT_TRUE(p.open()) << kind;
    p.client->write("x");  // whoever were still told is gone
    test::counting_waiter mine;
    p.server->over.top().notify(&mine);
    p.client->write("y");
    EXPECT_TRUE(test::turn_until(p.b.on.poller(), [&] { return mine.times > 0; }));
    p.server->over.top().notify(nullptr);
  }
}

// --- the delay for clients that lose what comes together with the 101 (spec 9.2, hazard 3)

steady_clock::duration time_to_accept(const std::string& kind, const std::string& behind) {
  layer_bench b;
  const layer_kinds what(kind);
  auto [near, far] = test::tcp_pair();
  layer_end end(b, std::move(near));
  test::send_all(far.get(), test::request() + behind);
  end.accept(what.in);
  const auto begun = steady_clock::now();
  b.finish();
  EXPECT_TRUE(end.has_come_about());
  return steady_clock::now() - begun;
}

TEST(LayerPairs, AClientThatHasSentNoFrameIsGivenTimeToReadTheReply) {
  EXPECT_GE(time_to_accept("ws", ""), first_frame_delay);
}

TEST(LayerPairs, AClientThatHasSentAFrameIsNotDelayed) {
  const std::string empty_frame("\x82\x80\0\0\0\0", 6);
  auto least = steady_clock::duration::max();
  for (int i = 0; i < 50; ++i) least = std::min(least, time_to_accept("ws", empty_frame));
  EXPECT_LT(least, first_frame_delay) << "fifty times";
}

TEST(LayerPairs, OurOwnClientsAreNotDelayed) {
  for (const std::string kind : {"ws", "wss"}) {
    auto least = steady_clock::duration::max();
    for (int i = 0; i < 50; ++i) {
      pair p(kind);
      const auto begun = steady_clock::now();
      ASSERT_TRUE(p.open());
      least = std::min(least, steady_clock::now() - begun);
    }
    EXPECT_LT(least, first_frame_delay) << kind;
  }
}

TEST(LayerPairs, AClientThatEndsOrIsResetIsNotWaitedForAtTheEnd) {
  for (const bool resets : {false, true}) {
    layer_bench b;
    const layer_kinds what("ws");
    auto [near, far] = test::tcp_pair();
    layer_end end(b, std::move(near));
    test::send_all(far.get(), test::request());
    end.accept(what.in);
    b.when([&, at = far.get()] { return test::waiting_at(at) > 0; },
           [&] {
             if (!resets) return test::shut_write(far.get());
             test::reset(std::move(far));
           });
    b.finish();
    ASSERT_TRUE(end.has_come_about());
    io_result last;
    EXPECT_EQ(end.read(0, &last), "");
    EXPECT_EQ(last.what, resets ? io::failed : io::end);
  }
}

// --- cancellation

/// After so many handlers of the loop; false when all was over before.
bool cancel_after(layer_bench& b, int handlers) {
  b.on.loop().restart();
  for (int i = 0; i < handlers; ++i) {
    if (b.tasks.is_empty()) return false;
    b.on.loop().run_one_for(test::patience);
  }
  const bool was_busy = !b.tasks.is_empty();
  if (was_busy) b.cancel();
  return was_busy;
}

TEST(LayerPairs, ACancellationMayComeAtAnyMoment) {
  for (const std::string kind : {"ws", "tls", "wss"}) {
    int handlers = 0;
    for (bool was_busy = true; was_busy; ++handlers) {
      ASSERT_LT(handlers, 1000);
      pair p(kind);
      p.begin();
      was_busy = cancel_after(p.b, handlers);
      // Events that nobody waits for any more.
      p.server->bare.abort();
      p.client->bare.socket().close();
      p.b.on.poller().turn(1ms);
    }
    EXPECT_GT(handlers, 5) << kind;
  }
}

TEST(LayerPairs, ACancellationMayComeWhileAVisitorIsWaitedFor) {
  int handlers = 0;
  for (bool was_busy = true; was_busy && handlers < 40; ++handlers) {
    layer_bench b;
    const layer_kinds what("ws");
    auto [near, far] = test::tcp_pair();
    layer_end end(b, std::move(near));
    test::send_all(far.get(), "GET / HTTP/1.1\r\n\r\n");
    if (handlers % 2 == 0) test::shut_write(far.get());
    end.accept(what.in);
    for (int i = 0; i < handlers && !b.tasks.is_empty() && test::waiting_at(far.get()) == 0; ++i) {
      b.on.loop().restart();
      b.on.loop().run_one_for(test::patience);
    }
    b.cancel();
    test::reset(std::move(far));
    b.on.poller().turn(1ms);
  }
  EXPECT_EQ(handlers, 40);
}

}  // namespace
}  // namespace relay::transport
