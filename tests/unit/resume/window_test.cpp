#include <relay/resume/window.hpp>

#include <gtest/gtest.h>

#include <string>

namespace relay::resume {
namespace {

std::span<const std::byte> bytes(const std::string& of) { return std::as_bytes(std::span(of)); }
std::string text(const window::packet* of) {
  if (of == nullptr) return "none";
  const auto payload = of->payload();
  return {reinterpret_cast<const char*>(payload.data()), payload.size()};
}
std::string send(window& from) {
  const auto what = text(from.begin_next());
  if (what != "none") from.end_next();
  return what;
}
/// All that waits, with a stroke behind each packet.
std::string send_all(window& from) {
  std::string all;
  while (from.has_next()) all += send(from) + '|';
  return all;
}

TEST(Window, PacketsAreNumberedFromOneAndKeptUntilAcknowledged) {
  window w({1 << 20, 100, 4});
  EXPECT_EQ(w.add(bytes("abcdefghij")), 10U);
  EXPECT_EQ(w.last(), 3U);
  EXPECT_EQ(send_all(w), "abcd|efgh|ij|");
  EXPECT_EQ(w.bytes(), 10U);
  w.rewind();
  EXPECT_EQ(send(w), "abcd") << "again";
  EXPECT_TRUE(w.acknowledge(2));
  EXPECT_EQ(w.bytes(), 2U);
  EXPECT_EQ(send(w), "ij");
  EXPECT_TRUE(w.acknowledge(3));
  EXPECT_TRUE(w.is_acknowledged());
  EXPECT_EQ(w.packets(), 0U);
}

TEST(Window, WhatWasNeverSentCannotBeAcknowledgedAndOldNumbersSayNothing) {
  window w({1 << 20, 100, 4});
  w.add(bytes("abcdefgh"));
  EXPECT_FALSE(w.acknowledge(1));
  (void)send(w);
  EXPECT_FALSE(w.acknowledge(2));
  EXPECT_TRUE(w.acknowledge(1));
  EXPECT_TRUE(w.acknowledge(0));
  EXPECT_EQ(w.acknowledged(), 1U);
}

TEST(Window, SmallPiecesThatWaitGoTogetherButWhatIsOnItsWayNeverChanges) {
  window w({1 << 20, 100, 64});
  w.add(bytes("a"));
  w.add(bytes("b"));
  EXPECT_EQ(w.packets(), 1U);
  EXPECT_EQ(text(w.begin_next()), "ab");
  w.add(bytes("c"));
  EXPECT_EQ(w.packets(), 2U);
  w.end_next();
  w.rewind();
  w.add(bytes("d"));
  EXPECT_EQ(send(w), "ab") << "a packet comes again with the same bytes";
  EXPECT_EQ(send(w), "cd");
}

TEST(Window, ItIsBoundedInBytesAndInPackets) {
  window small({1000, 100, 64});
  const std::string much(5000, 'x');
  const auto taken = small.add(bytes(much));
  EXPECT_GT(taken, 0U);
  EXPECT_LT(taken, 1000U);
  EXPECT_EQ(small.add(bytes(much)), 0U);
  EXPECT_EQ(small.room(), 0U);
  window few({1 << 20, 3, 64});
  EXPECT_EQ(few.add(bytes(much)), 3U * 64);
  EXPECT_EQ(few.room(), 0U);
}

TEST(Window, BytesOfOneAreNotCheap) {
  window w({10'000, SIZE_MAX, 64});
  std::size_t count = 0;
  while (w.add(bytes("x")) == 1) {
    ++count;
    (void)send(w);
  }
  EXPECT_LT(count, 100U);
}

TEST(Window, ThePacketOnItsWayStaysEvenIfThePeerHasIt) {
  window w({1 << 20, 100, 4});
  w.add(bytes("abcdefgh"));
  EXPECT_EQ(send_all(w), "abcd|efgh|");
  w.rewind();
  auto* const going = w.begin_next();
  EXPECT_TRUE(w.acknowledge(2));
  EXPECT_EQ(text(going), "abcd");
  w.end_next();
  EXPECT_EQ(w.packets(), 0U);
  EXPECT_FALSE(w.has_next());
}

TEST(Window, TheEndIsAPacketOfItsOwnAndTheLast) {
  window w({1 << 20, 100, 64});
  w.add(bytes("a"));
  w.add_end();
  w.add_end();
  EXPECT_EQ(w.add(bytes("b")), 0U);
  EXPECT_EQ(w.last(), 2U);
  EXPECT_EQ(send(w), "a");
  auto* const end = w.begin_next();
  ASSERT_NE(end, nullptr);
  EXPECT_TRUE(end->is_end);
  w.end_next();
  EXPECT_TRUE(w.acknowledge(2));
  EXPECT_TRUE(w.is_acknowledged());
}

}  // namespace
}  // namespace relay::resume
