#include "support/pump_bench.hpp"

#include <relay/transport/plain_stream.hpp>

#include <gtest/gtest.h>

#include <linux/socket.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

namespace relay::transport {
namespace {

using net::has;
using net::seen;

struct bench : test::pump_bench {
  test::plain_end end{*this};
  std::array<std::byte, 1024> buffer{};

  bool wait_for(seen what) {
    return test::turn_until(poller, [&] { return has(end.stream.socket().events(), what); });
  }
  io_result read() { return end.stream.read_some(buffer); }
};

TEST(PlainStream, AShortReadEndsTheTurnWithoutAnotherCall) {
  bench b;
  EXPECT_EQ(b.read().what, io::blocked);
  test::send_all(b.end.peer.get(), "hello");
  ASSERT_TRUE(b.wait_for(seen::readable));
  const auto in = b.read();
  EXPECT_EQ(in.what, io::moved);
  EXPECT_EQ(in.bytes, 5U);
  EXPECT_FALSE(in.again);
  EXPECT_EQ(b.read().what, io::blocked);
}

TEST(PlainStream, AFullBufferAndAHangupAskForAnotherRead) {
  bench b;
  test::send_all(b.end.peer.get(), test::pattern(b.buffer.size() + 10));
  test::shut_write(b.end.peer.get());
  ASSERT_TRUE(b.wait_for(seen::hangup));
  auto in = b.read();
  EXPECT_EQ(in.bytes, b.buffer.size());
  EXPECT_TRUE(in.again);
  in = b.read();
  EXPECT_EQ(in.bytes, 10U);
  EXPECT_TRUE(in.again) << "the end is there and no event will announce it";
  EXPECT_EQ(b.read().what, io::end);
}

TEST(PlainStream, ReadsAndWritesFailAfterAReset) {
  bench b;
  test::reset(std::move(b.end.peer));
  ASSERT_TRUE(b.wait_for(seen::broken));
  const auto in = b.read();
  EXPECT_EQ(in.what, io::failed);
  EXPECT_EQ(in.ec.value(), ECONNRESET);
  EXPECT_EQ(b.end.stream.write_some(b.buffer).what, io::failed);
}

TEST(PlainStream, TellsOfAResetThatNobodyReads) {
  bench b;
  EXPECT_FALSE(b.end.stream.broken());
  test::reset(std::move(b.end.peer));
  ASSERT_TRUE(b.wait_for(seen::broken));
  EXPECT_EQ(b.end.stream.broken().value(), ECONNRESET);
  EXPECT_FALSE(b.end.stream.broken()) << "told once";
}

TEST(PlainStream, AFullSocketBlocksUntilThereIsRoom) {
  bench b;
  auto data = test::pattern(std::size_t{8} << 20);
  auto rest = std::as_writable_bytes(std::span(data));
  std::size_t sent = 0;
  for (;;) {
    const auto out = b.end.stream.write_some(rest.subspan(sent));
    if (out.what == io::blocked) break;
    ASSERT_EQ(out.what, io::moved);
    sent += out.bytes;
    ASSERT_LT(sent, rest.size()) << "the socket took it all; use more";
  }
  EXPECT_EQ(test::read_exactly(b.end.peer.get(), sent), data.substr(0, sent));
  ASSERT_TRUE(b.wait_for(seen::writable));
  EXPECT_EQ(b.end.stream.write_some(rest.subspan(sent, 1)).what, io::moved);
}

TEST(PlainStream, WhatMoreFollowsWaitsForIt) {
  bench b;
  std::string head = "head";
  std::string body = "body";
  const auto wait = [&] {
    int bytes = -1;
    EXPECT_EQ(::ioctl(b.end.stream.socket().fd(), SIOCOUTQNSD, &bytes), 0);
    return bytes;
  };
  EXPECT_EQ(b.end.stream.write_more(std::as_writable_bytes(std::span(head))).bytes, 4U);
  EXPECT_EQ(wait(), 4);
  EXPECT_EQ(b.end.stream.write_some(std::as_writable_bytes(std::span(body))).bytes, 4U);
  EXPECT_EQ(wait(), 0);
  EXPECT_EQ(test::read_exactly(b.end.peer.get(), 8), "headbody");
}

TEST(PlainStream, SplicesThroughAPipe) {
  bench b;
  test::plain_end out{b};
  auto pipe = pump::kernel_pipe::make(b.pipes);
  ASSERT_TRUE(pipe);
  EXPECT_EQ(b.end.stream.splice_to_pipe(pipe->write_end(), 100).what, io::blocked);
  test::send_all(b.end.peer.get(), "spliced");
  test::shut_write(b.end.peer.get());
  ASSERT_TRUE(b.wait_for(seen::hangup));
  const auto in = b.end.stream.splice_to_pipe(pipe->write_end(), 100);
  ASSERT_EQ(in.what, io::moved);
  EXPECT_EQ(in.bytes, 7U);
  EXPECT_EQ(out.stream.splice_from_pipe(pipe->read_end(), in.bytes).bytes, 7U);
  EXPECT_EQ(test::read_exactly(out.peer.get(), 7), "spliced");
  EXPECT_EQ(b.end.stream.splice_to_pipe(pipe->write_end(), 100).what, io::end);
}

TEST(PlainStream, AResetStaysAResetWhenAWriteHasMetItFirst) {
  bench b;
  test::send_all(b.end.peer.get(), "before");
  test::reset(std::move(b.end.peer));
  ASSERT_TRUE(b.wait_for(seen::broken));
  EXPECT_EQ(b.end.stream.write_some(b.buffer).what, io::failed);
  EXPECT_EQ(b.read().bytes, 6U) << "what came before is still there";
  const auto in = b.read();
  EXPECT_EQ(in.what, io::failed) << "the kernel would now say: the end";
  EXPECT_EQ(in.ec.value(), ECONNRESET);
}

TEST(PlainStream, ReadsPastUrgentData) {
  bench b;
  test::send_all(b.end.peer.get(), "abc");
  ASSERT_EQ(::send(b.end.peer.get(), "X", 1, MSG_OOB), 1);
  test::send_all(b.end.peer.get(), "def");
  ASSERT_TRUE(b.wait_for(seen::urgent));
  std::string got;
  ASSERT_TRUE(test::turn_until(b.poller, [&] {
    for (auto in = b.read(); in.what == io::moved; in = b.read()) {
      got.append(reinterpret_cast<const char*>(b.buffer.data()), in.bytes);
    }
    return got.size() >= 6;
  }));
  EXPECT_EQ(got, "abcdef");
}

TEST(PlainStream, DoesNotSpliceOnceUrgentDataHasCome) {
  bench b;
  auto pipe = pump::kernel_pipe::make(b.pipes);
  ASSERT_EQ(::send(b.end.peer.get(), "X", 1, MSG_OOB), 1);
  ASSERT_TRUE(b.wait_for(seen::urgent));
  EXPECT_EQ(b.end.stream.splice_to_pipe(pipe->write_end(), 100).what, io::unsupported);
}

TEST(PlainStream, DoesNotTakeAnUnannouncedUrgentMarkForTheEnd) {
  bench b;
  auto pipe = pump::kernel_pipe::make(b.pipes);
  test::send_all(b.end.peer.get(), "abc");
  ASSERT_TRUE(b.wait_for(seen::readable));
  ASSERT_EQ(::send(b.end.peer.get(), "X", 1, MSG_OOB), 1);
  test::send_all(b.end.peer.get(), "def");
  test::shut_write(b.end.peer.get());
  EXPECT_EQ(b.end.stream.splice_to_pipe(pipe->write_end(), 100).bytes, 3U);
  EXPECT_EQ(b.end.stream.splice_to_pipe(pipe->write_end(), 100).what, io::unsupported);
}

TEST(PlainStream, KnowsWhatThePeerHasNotAcknowledged) {
  bench b;
  EXPECT_EQ(b.end.stream.unsent(), 0U);
  auto data = test::pattern(std::size_t{16} << 20);
  while (b.end.stream.write_some(std::as_writable_bytes(std::span(data))).what == io::moved) {
  }
  EXPECT_GT(b.end.stream.unsent(), 0U) << "the peer's window is full";
}

TEST(PlainStream, EndsAndAbortsAreDifferentToThePeer) {
  bench b;
  EXPECT_EQ(b.end.stream.shutdown_write().what, io::moved);
  EXPECT_EQ(test::read_to_end(b.end.peer.get()), "");
  test::plain_end other{b};
  other.stream.abort();
  other.stream.socket().close();
  EXPECT_TRUE(test::sees_reset(other.peer.get()));
}

// What relay may hold for slow readers is asked of and said to the kernel.

std::size_t option(int fd, int level, int name) {
  int value = 0;
  socklen_t length = sizeof value;
  EXPECT_EQ(::getsockopt(fd, level, name, &value, &length), 0);
  return static_cast<std::size_t>(value);
}

TEST(PlainStream, TellsWhatTheKernelHoldsForIt) {
  bench b;
  EXPECT_EQ(b.end.stream.receive_memory(), 0U);
  EXPECT_EQ(b.end.stream.send_memory(), 0U);
  test::send_all(b.end.peer.get(), test::pattern(10'000));
  ASSERT_TRUE(b.wait_for(seen::readable));
  EXPECT_GE(b.end.stream.receive_memory(), 10'000U);
  auto data = test::pattern(100'000);
  std::size_t written = 0;
  for (;;) {
    const auto out = b.end.stream.write_some(std::as_writable_bytes(std::span(data)));
    if (out.what != io::moved) break;
    written += out.bytes;
  }
  EXPECT_GT(b.end.stream.send_memory(), 0U);
  EXPECT_GE(b.end.stream.send_memory(), b.end.stream.unsent());
  EXPECT_EQ(test::read_exactly(b.end.peer.get(), written).size(), written);
  EXPECT_TRUE(test::wait_until([&] { return b.end.stream.send_memory() == 0; }));
}

TEST(PlainStream, KeepsNoMoreUnsentThanItMay) {
  bench b;
  b.end.stream.limit_unsent(16'384);
  auto data = test::pattern(65'536);
  std::size_t written = 0;
  for (;;) {
    const auto out = b.end.stream.write_some(std::as_writable_bytes(std::span(data)));
    if (out.what != io::moved) break;
    written += out.bytes;
  }
  int unsent = 0;
  ASSERT_EQ(::ioctl(b.end.stream.socket().fd(), SIOCOUTQNSD, &unsent), 0);
  EXPECT_LT(unsent, 16'384 + 65'536) << "what one write may add";
  EXPECT_EQ(test::read_exactly(b.end.peer.get(), written).size(), written);
  EXPECT_TRUE(b.wait_for(seen::writable)) << "and it is told of room";
}

TEST(PlainStream, IsToldOfTheRoomThatALargerLimitMakes) {
  bench b;
  b.end.stream.limit_unsent(16'384);
  auto data = test::pattern(65'536);
  while (b.end.stream.write_some(std::as_writable_bytes(std::span(data))).what == io::moved) {
  }
  EXPECT_FALSE(has(b.end.stream.socket().events(), seen::writable));
  b.end.stream.limit_unsent(0);
  EXPECT_TRUE(b.wait_for(seen::writable));
}

TEST(PlainStream, FreezesTheReceiveBufferAndMakesRoomWhenItThaws) {
  bench b;
  const auto fd = b.end.stream.socket().fd();
  const auto before = option(fd, SOL_SOCKET, SO_RCVBUF);
  b.end.stream.freeze_receive_buffer();
  EXPECT_EQ(option(fd, SOL_SOCKET, SO_BUF_LOCK), SOCK_RCVBUF_LOCK);
  const auto data = test::pattern(65'536);
  std::vector<std::byte> into(65'536);
  for (std::size_t done = 0; done < std::size_t{4} << 20;) {
    (void)::send(b.end.peer.get(), data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    b.poller.turn(std::chrono::milliseconds(1));
    done += b.end.stream.read_some(into).bytes;
    ASSERT_EQ(option(fd, SOL_SOCKET, SO_RCVBUF), before);
  }
  b.end.stream.thaw_receive_buffer(std::size_t{512} << 10);
  EXPECT_EQ(option(fd, SOL_SOCKET, SO_BUF_LOCK), 0);
  EXPECT_GE(option(fd, SOL_SOCKET, SO_RCVBUF), 512 << 10) << "at once";
  EXPECT_EQ(option(fd, SOL_SOCKET, SO_RCVLOWAT), 1);
}

TEST(PlainStream, KeepsTheLowWaterMarkWhenItThaws) {
  bench b;
  const auto fd = b.end.stream.socket().fd();
  const int mark = 4096;
  ASSERT_EQ(::setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof mark), 0);
  b.end.stream.freeze_receive_buffer();
  b.end.stream.thaw_receive_buffer(std::size_t{256} << 10);
  EXPECT_EQ(option(fd, SOL_SOCKET, SO_RCVLOWAT), mark);
}

}  // namespace
}  // namespace relay::transport
