#include "support/sockets.hpp"

#include <relay/resume/resumable_stream.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <random>
#include <string>

namespace relay::resume {
namespace {

using namespace std::chrono_literals;
using transport::io;

wire::resume_id some_id() {
  wire::resume_id made{};
  made.fill(std::byte{7});
  return made;
}

struct bench {
  net::poller poller{[] {}};
  std::uint32_t clock = 0;
  net::timer_wheel wheel{[this] { return clock; }};

  void pass(std::chrono::milliseconds time) {
    for (auto ticks = time / net::timer_wheel::tick; ticks > 0; --ticks) wheel.advance(++clock);
  }
};

/// One end, with a user who reads and writes as the pump does.
struct end_of final : resumable_stream::owner, net::waiter {
  end_of(bench& on, terms with) : b(on), stream(on.poller, on.wheel, std::move(with), *this) {
    stream.notify(this);
  }
  ~end_of() { stream.notify(nullptr); }

  void carrier_lost(const error_code& why) override {
    ++losses;
    last_loss = why;
  }
  void carrier_agreed() override { ++agreements; }
  void refused(std::string_view why) override { refusal = why; }

  void wake() override {
    (void)stream.flush();
    write();
    if (reads) read();
  }
  void write() {
    while (at < out.size()) {
      std::string room(transport::stream::headroom, '\0');
      room += out.substr(at, 65536);
      const auto went = stream.write_some(
          std::as_writable_bytes(std::span(room)).subspan(transport::stream::headroom));
      if (went.what == io::failed) write_error = went.ec;
      if (went.what != io::moved) return;
      at += went.bytes;
    }
    if (ends && !is_shut) is_shut = stream.shutdown_write().what == io::moved;
  }
  void read() {
    std::string part(65536, '\0');
    for (;;) {
      const auto in = stream.read_some(std::as_writable_bytes(std::span(part)));
      if (in.what == io::moved) got.append(part, 0, in.bytes);
      if (in.what == io::end || in.what == io::failed) {
        is_over = true;
        how = in;
        return;
      }
      if (in.what != io::moved || !in.again) return;
    }
  }

  bench& b;
  resumable_stream stream;
  std::string out;
  std::size_t at = 0;
  bool ends = false;
  bool is_shut = false;
  bool reads = true;
  std::string got;
  bool is_over = false;
  transport::io_result how;
  error_code write_error;
  int losses = 0;
  int agreements = 0;
  error_code last_loss;
  std::string refusal;
};

terms with_secret(const std::string& secret) {
  terms made;
  made.secret = secret;
  return made;
}

/// A client and a server, and carriers between them that can be cut.
struct pair_bench : bench {
  explicit pair_bench(terms near_terms = {}, terms far_terms = {})
      : near(*this, near_terms), far(*this, far_terms), terms_of_server(std::move(far_terms)) {}

  std::unique_ptr<carrier> carrier_of(unique_fd fd) {
    auto made = std::make_unique<carrier>(poller);
    EXPECT_FALSE(made->bare.socket().attach(std::move(fd), net::seen::writable));
    return made;
  }

  /// What forward's coroutine does on the listening side: greeting, hello, accept.
  void connect() {
    auto [client, server] = test::tcp_pair();
    auto server_side = carrier_of(std::move(server));
    auto client_side = carrier_of(std::move(client));
    fds = {client_side->bare.socket().fd(), server_side->bare.socket().fd()};
    wire::resume_greeting greeting;
    greeting.generation = 77;
    greeting.wants_proof = !terms_of_server.secret.empty();
    greeting.nonce.fill(static_cast<std::byte>(++nth));
    auto first = wire::write_resume(greeting);
    first.insert(first.begin(), transport::stream::headroom, std::byte{});
    (void)server_side->top().write_some(std::span(first).subspan(transport::stream::headroom));
    near.stream.attach_dialled(std::move(client_side), some_id());
    std::vector<std::byte> seen;
    wire::resume_header head;
    ASSERT_TRUE(test::turn_until(poller, [&] {
      std::byte part[4096];
      const auto in = server_side->top().read_some(part);
      if (in.what == io::moved) seen.insert(seen.end(), part, part + in.bytes);
      if (!near.refusal.empty()) return true;
      if (seen.size() < wire::resume_header_bytes) return false;
      head = wire::read_resume_header(std::span(seen).first<wire::resume_header_bytes>());
      return seen.size() >= wire::resume_header_bytes + head.length;
    }));
    if (!near.refusal.empty()) return;
    const auto payload = std::span(seen).subspan(wire::resume_header_bytes, head.length);
    const auto hello = wire::read_resume_hello(head.number, payload);
    ASSERT_TRUE(hello);
    last_hello = *hello;
    server_side->come.assign(seen.begin() + wire::resume_header_bytes + head.length, seen.end());
    far.stream.attach_accepted(std::move(server_side), greeting, *hello);
  }

  void cut(bool as_reset) {
    const auto [client, server] = fds;
    if (as_reset) {
      near.stream.has_carrier() ? void(shutdown_of(client)) : void();
    } else {
      shutdown_of(server);
    }
    EXPECT_TRUE(test::turn_until(
        poller, [&] { return !near.stream.has_carrier() && !far.stream.has_carrier(); }));
  }
  static void shutdown_of(int fd) { ::shutdown(fd, SHUT_RDWR); }

  end_of near;
  end_of far;
  terms terms_of_server;
  std::pair<int, int> fds;
  int nth = 0;
  wire::resume_hello last_hello;
};

TEST(ResumableStream, BytesGoBothWaysAndTheEndOfOneDirectionIsNoEndOfTheOther) {
  pair_bench b;
  b.connect();
  b.near.out = test::pattern(3'000'000, 1);
  b.far.out = test::pattern(2'000'000, 2);
  b.near.ends = true;
  b.near.wake();
  b.far.wake();
  EXPECT_TRUE(test::turn_until(b.poller, [&] { return b.near.is_shut && b.far.is_over; }));
  EXPECT_EQ(b.far.got, b.near.out);
  EXPECT_EQ(b.far.how.what, io::end);
  EXPECT_FALSE(b.near.is_over);
  b.far.out += "after the end of the other direction";
  b.far.ends = true;
  b.far.wake();
  EXPECT_TRUE(test::turn_until(b.poller, [&] { return b.near.is_over && b.far.is_shut; }));
  EXPECT_EQ(b.near.got, b.far.out);
  EXPECT_TRUE(b.near.stream.is_complete());
  EXPECT_TRUE(b.far.stream.is_complete());
  EXPECT_EQ(b.near.agreements, 1);
}

TEST(ResumableStream, NothingIsLostOrDoubledWhateverBecomesOfCarriers) {
  pair_bench b;
  std::mt19937 random(7);
  b.near.out = test::pattern(6'000'000, 1);
  b.far.out = test::pattern(5'000'000, 2);
  for (int cuts = 0; cuts < 40; ++cuts) {
    b.connect();
    b.near.wake();
    b.far.wake();
    const auto wanted = b.near.got.size() + b.far.got.size() + random() % 200'000;
    test::turn_until(b.poller, [&] { return b.near.got.size() + b.far.got.size() >= wanted; });
    if (b.near.got.size() == b.far.out.size() && b.far.got.size() == b.near.out.size()) break;
    b.cut(cuts % 2 == 0);
    EXPECT_EQ(b.near.losses, cuts + 1) << "once for each carrier";
  }
  if (!b.near.stream.has_carrier()) b.connect();
  b.near.ends = b.far.ends = true;
  b.near.wake();
  b.far.wake();
  EXPECT_TRUE(test::turn_until(b.poller, [&] { return b.near.is_over && b.far.is_over; }));
  EXPECT_EQ(b.far.got, b.near.out);
  EXPECT_EQ(b.near.got, b.far.out);
}

TEST(ResumableStream, ASourceIsNotReadBeyondTheWindow) {
  terms small;
  small.machine.window.bytes = 200'000;
  pair_bench b(small, small);
  b.connect();
  b.far.reads = false;
  b.near.out = test::pattern(60'000'000, 1);
  b.near.wake();
  for (int i = 0; i < 50; ++i) (void)b.poller.turn(std::chrono::microseconds(1000));
  EXPECT_LE(b.near.at, 200'000U);
  EXPECT_GT(b.near.stream.unsent(), 0U);
}

TEST(ResumableStream, BothMayWaitForTheOtherToReadAndStillGoOn) {
  terms small;
  small.machine.window.bytes = 200'000;
  pair_bench b(small, small);
  b.connect();
  b.near.out = test::pattern(2'000'000, 1);
  b.far.out = test::pattern(2'000'000, 2);
  b.near.reads = b.far.reads = false;
  b.near.wake();
  b.far.wake();
  for (int i = 0; i < 50; ++i) (void)b.poller.turn(std::chrono::microseconds(1000));
  b.near.reads = b.far.reads = true;
  b.near.wake();
  b.far.wake();
  EXPECT_TRUE(test::turn_until(b.poller, [&] {
    return b.near.got.size() == b.far.out.size() && b.far.got.size() == b.near.out.size();
  }));
}

TEST(ResumableStream, WithoutACarrierItWaitsThenFails) {
  pair_bench b;
  b.connect();
  b.near.out = "x";
  b.near.wake();
  EXPECT_TRUE(test::turn_until(b.poller, [&] { return b.far.got == "x"; }));
  b.cut(false);
  b.pass(290s);
  b.near.read();
  EXPECT_FALSE(b.near.is_over);
  b.pass(20s);
  b.near.read();
  EXPECT_EQ(b.near.how.what, io::failed);
  EXPECT_EQ(b.near.how.ec, error_code(errc::carrier_lost));
}

TEST(ResumableStream, ASilentCarrierIsDeadWithinItsTimeAndAPingKeepsItAlive) {
  pair_bench b;
  b.connect();
  b.near.wake();
  b.far.wake();
  test::turn_until(b.poller, [&] { return b.near.agreements == 1; });
  for (int i = 0; i < 20; ++i) {  // idle, but answering
    b.pass(5s);
    for (int k = 0; k < 5; ++k) (void)b.poller.turn(std::chrono::microseconds(1000));
  }
  EXPECT_EQ(b.near.losses + b.far.losses, 0);
  b.pass(21s);  // nobody turns the poller: a black hole
  EXPECT_EQ(b.near.losses, 1);
  EXPECT_EQ(b.near.last_loss, error_code(errc::timed_out));
}

TEST(ResumableStream, AResetIsAResetAtTheOtherEnd) {
  pair_bench b;
  b.connect();
  b.near.wake();
  b.far.wake();
  test::turn_until(b.poller, [&] { return b.near.agreements == 1; });
  b.near.stream.abort();
  EXPECT_TRUE(test::turn_until(b.poller, [&] { return b.far.is_over; }));
  EXPECT_EQ(b.far.how.what, io::failed);
  EXPECT_EQ(b.far.how.ec.value(), ECONNRESET);
}

TEST(ResumableStream, ASecretIsProvenBothWaysAndCostsNoWait) {
  pair_bench b(with_secret("horse"), with_secret("horse"));
  b.near.out = "data in the same flight";
  b.connect();
  EXPECT_TRUE(b.last_hello.proof.has_value());
  b.near.wake();
  b.far.wake();
  EXPECT_TRUE(test::turn_until(b.poller, [&] { return b.far.got == b.near.out; }));
  EXPECT_TRUE(test::turn_until(b.poller, [&] { return b.near.agreements == 1; }));
}

TEST(ResumableStream, WhoHasAnotherSecretOrNoneIsNotBelieved) {
  pair_bench other(with_secret("horse"), with_secret("cow"));
  other.connect();
  EXPECT_TRUE(test::turn_until(other.poller, [&] { return !other.near.refusal.empty(); }));
  EXPECT_EQ(other.near.refusal, "the server does not know the `secret`");
  pair_bench none(with_secret("horse"), {});
  none.connect();
  EXPECT_EQ(none.near.refusal, "the server asks for no `secret`, and this end has one");
  pair_bench missing({}, with_secret("horse"));
  missing.connect();
  EXPECT_TRUE(test::turn_until(missing.poller, [&] { return !missing.near.refusal.empty(); }));
  EXPECT_EQ(missing.near.refusal, "the server wants a `secret`");
}

TEST(ResumableStream, AServerThatWasRestartedEndsItInOrderWhereNothingWasUnderWay) {
  pair_bench b;
  b.connect();
  b.near.out = "x";
  b.near.wake();
  EXPECT_TRUE(
      test::turn_until(b.poller, [&] { return b.far.got == "x" && b.near.agreements == 1; }));
  b.pass(300ms);  // the acknowledgement
  EXPECT_TRUE(test::turn_until(b.poller, [&] { return b.near.stream.unsent() == 0; }));
  b.cut(false);
  auto [client, server] = test::tcp_pair();
  b.near.stream.attach_dialled(b.carrier_of(std::move(client)), some_id());
  wire::resume_greeting greeting;
  greeting.generation = 78;
  const auto bytes = wire::write_resume(greeting);
  test::send_all(server.get(), {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  EXPECT_TRUE(test::turn_until(b.poller, [&] { return b.near.is_over; }));
  EXPECT_EQ(b.near.how.what, io::end);
  EXPECT_EQ(b.near.how.ec, error_code(errc::session_gone));
}

TEST(ResumableStream, IdleItHoldsNothingBesideItself) {
  pair_bench b;
  b.connect();
  b.near.out = test::pattern(1'000'000, 1);
  b.near.wake();
  b.far.wake();
  EXPECT_TRUE(test::turn_until(b.poller, [&] { return b.far.got.size() == 1'000'000; }));
  b.pass(300ms);
  EXPECT_TRUE(test::turn_until(b.poller, [&] { return b.near.stream.unsent() == 0; }));
  EXPECT_FALSE(b.near.stream.holds_memory());
  EXPECT_FALSE(b.far.stream.holds_memory());
  EXPECT_LE(2 * sizeof(resumable_stream), 4096U);
}

}  // namespace
}  // namespace relay::resume
