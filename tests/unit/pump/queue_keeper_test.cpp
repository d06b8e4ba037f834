#include "support/fake_stream.hpp"
#include "support/pump_bench.hpp"

#include <relay/pump/direction.hpp>
#include <relay/pump/queue_keeper.hpp>
#include <relay/pump/socket_memory.hpp>

#include <gtest/gtest.h>

#include <utility>

namespace relay::pump {
namespace {

using std::chrono::nanoseconds;

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;
constexpr nanoseconds one_interval{std::int64_t{1} << 26};

/// One direction of a process with a bound of 64 MiB, which is crowded with three.
struct bench : test::pump_bench {
  explicit bench(int others_moving = 0) {
    shared.bound_by(memory);
    for (int i = 0; i < others_moving; ++i) memory.enter();
  }

  queue_keeper::flow flow() { return {from, to, shared, moved}; }
  void begin(std::uint64_t bytes = queue_keeper::least_moved) {
    moved += bytes;
    keeper.begin(flow());
  }
  void move(std::uint64_t bytes) { ran(bytes, false); }
  void block(std::uint64_t bytes = 0) { ran(bytes, true); }
  void ran(std::uint64_t bytes, bool sink_is_full) {
    moved += bytes;
    keeper.ran(flow(), bytes, sink_is_full);
  }
  /// Others hold so much; 8 MiB is an eighth of the bound.
  void others_hold(std::uint64_t bytes) { memory.hold(bytes, std::exchange(others, bytes)); }
  void intervals(int count) { now += count * one_interval; }

  int bitten = 0;
  socket_memory memory{64 * mib, [this] { ++bitten; }};
  test::fake_stream from;
  test::fake_stream to;
  queue_keeper keeper;
  std::uint64_t moved = 0;
  std::uint64_t others = 0;
};

TEST(QueueKeeper, WhoMovesLittleDoesNotCount) {
  bench b;
  b.begin(queue_keeper::least_moved - 1);
  EXPECT_FALSE(b.keeper.is_counted());
  b.begin(1);
  EXPECT_TRUE(b.keeper.is_counted());
  b.begin();
  b.memory.enter();
  EXPECT_FALSE(b.memory.is_crowded()) << "and who does counts once";
}

TEST(QueueKeeper, FewAreLeftAlone) {
  bench b(1);
  b.begin();
  b.to.send_used = 40 * mib;
  b.intervals(1);
  b.block();
  b.move(mib);
  EXPECT_EQ(b.to.orders + b.from.orders, 0);
  EXPECT_EQ(b.to.questions + b.from.questions, 0) << "nobody asks what they hold";
  EXPECT_EQ(b.bitten, 0);
}

TEST(QueueKeeper, AmongManyASourceIsFrozenUntilItsReaderHasShownThatItReads) {
  bench b(200);
  b.begin();
  EXPECT_TRUE(b.from.is_frozen);
  EXPECT_EQ(b.to.orders, 0) << "nothing is held, so sinks are left alone";
  b.move(100 * kib);
  EXPECT_TRUE(b.from.is_frozen) << "the system takes that much for one that does not";
  b.to.send_used = queue_keeper::trust;
  b.block(queue_keeper::trust);
  EXPECT_TRUE(b.from.is_frozen) << "it has not arrived";
  b.to.send_used = 0;
  b.move(queue_keeper::least_moved);
  EXPECT_FALSE(b.from.is_frozen);
  b.block();
  b.move(mib);
  EXPECT_EQ(b.from.orders, 2) << "for good";
}

TEST(QueueKeeper, AThawedSourceHasRoomForTwiceItsShare) {
  const auto window = [](int others) {
    bench b(others);
    b.begin();
    b.move(mib);
    return b.from.window;
  };
  EXPECT_EQ(window(200), 128 * kib);
  EXPECT_EQ(window(5000), queue_keeper::least_window);
}

TEST(QueueKeeper, OnceMuchIsHeldSinksBeginWithTheirShare) {
  const auto unsent = [](int others) {
    bench b(others);
    b.others_hold(9 * mib);
    b.begin(1);
    EXPECT_TRUE(b.from.is_frozen) << "from the first byte on";
    return b.to.most_unsent;
  };
  EXPECT_EQ(unsent(7), 64 * kib);
  EXPECT_EQ(unsent(600), 16 * kib);
  EXPECT_EQ(unsent(5000), queue_keeper::least_queue);
}

TEST(QueueKeeper, OnceMuchIsHeldWhoHasBegunGetsItsShareAtOnce) {
  bench b(200);
  b.begin();
  b.others_hold(9 * mib);
  b.move(1);
  EXPECT_EQ(b.to.most_unsent, 64 * kib);
}

TEST(QueueKeeper, AFastReaderKeepsItsQueueHoweverMuchIsHeld) {
  bench b(200);
  b.begin();
  b.intervals(1);
  b.move(4 * mib);
  b.others_hold(9 * mib);
  b.block(mib);
  EXPECT_EQ(b.to.orders, 0);
  b.intervals(1);
  b.block(mib);
  EXPECT_EQ(b.to.orders, 0);
  b.intervals(4);
  b.block();
  EXPECT_EQ(b.to.most_unsent, 64 * kib) << "it is fast no more";
}

TEST(QueueKeeper, AFastReaderGetsTheQueueThatItsRateNeeds) {
  bench b(200);
  b.others_hold(9 * mib);
  b.begin();
  b.intervals(1);
  b.block(mib);
  EXPECT_EQ(b.to.most_unsent, 512 * kib);
  b.block(16 * mib);
  EXPECT_EQ(b.to.most_unsent, 512 * kib) << "a rate takes time to tell";
  b.intervals(2);
  b.move(0);
  EXPECT_EQ(b.to.most_unsent, 0U);
  b.intervals(1);
  b.block(mib);
  EXPECT_EQ(b.to.most_unsent, 0U) << "half of that is no reason to change it";
  b.intervals(1);
  b.block(512 * kib);
  EXPECT_EQ(b.to.most_unsent, 256 * kib);
}

TEST(QueueKeeper, HalfOrAsMuchIsNoReasonForAnotherCall) {
  bench b(200);
  b.others_hold(9 * mib);
  b.begin();
  b.intervals(1);
  b.block(mib);
  const auto orders = b.to.orders;
  b.intervals(1);
  b.block(512 * kib);
  b.intervals(1);
  b.block(mib);
  EXPECT_EQ(b.to.orders, orders);
  b.intervals(1);
  b.block(64 * kib);
  EXPECT_EQ(b.to.most_unsent, 64 * kib);
}

TEST(QueueKeeper, AReaderThatReadsAllTheTimeButSlowlyKeepsItsShare) {
  bench b(200);
  b.others_hold(9 * mib);
  b.begin();
  for (int i = 0; i < 100; ++i) {
    b.intervals(1);
    b.block(64 * kib);
  }
  EXPECT_EQ(b.to.most_unsent, 64 * kib);
}

TEST(QueueKeeper, WhatTheKernelMayGiveIsLessWhileItIsTight) {
  bench b(200);
  b.others_hold(33 * mib);
  b.begin();
  b.intervals(1);
  b.block(4 * mib);
  EXPECT_EQ(b.to.most_unsent, 2 * mib);
  b.intervals(1);
  b.block(8 * mib);
  EXPECT_EQ(b.to.most_unsent, 0U) << "a gigabit per second needs it";
}

TEST(QueueKeeper, QueuesAreGivenBackWhenLittleIsHeldAgain) {
  bench b(200);
  b.others_hold(9 * mib);
  b.begin();
  EXPECT_NE(b.to.most_unsent, 0U);
  b.others_hold(0);
  b.move(1);
  EXPECT_NE(b.to.most_unsent, 0U) << "not before it is looked at again";
  b.intervals(1);
  b.move(1);
  EXPECT_EQ(b.to.most_unsent, 0U);
}

TEST(QueueKeeper, WhoCameFirstIsKeptSmallOnceMuchIsHeld) {
  bench b;
  b.begin();
  for (int i = 0; i < 200; ++i) b.memory.enter();
  b.others_hold(9 * mib);
  b.intervals(1);
  b.block();
  EXPECT_EQ(b.to.most_unsent, 64 * kib);
  EXPECT_FALSE(b.from.is_frozen) << "its sender has been told already";
}

TEST(QueueKeeper, CountsWhatADirectionHoldsInACrowd) {
  bench b(200);
  b.begin();
  b.to.send_used = 40 * kib;
  b.from.receive_used = 20 * kib;
  b.block();
  EXPECT_EQ(b.memory.held(), 48 * kib) << "in pages of 16 KiB";
  b.to.send_used = 0;
  b.move(1);
  EXPECT_EQ(b.memory.held(), 16 * kib);
  b.from.receive_used = 0;
  b.move(1);
  EXPECT_EQ(b.memory.held(), 0U);
  b.to.send_used = 40 * kib;
  b.move(queue_keeper::least_moved);
  EXPECT_EQ(b.memory.held(), 32 * kib) << "also of those whose sink is not full";
  b.keeper.leave(b.shared);
  EXPECT_EQ(b.memory.held(), 0U) << "it goes with the direction";
  b.keeper.leave(b.shared);
  for (int i = 0; i < 198; ++i) b.memory.leave();
  EXPECT_FALSE(b.memory.is_crowded()) << "which counts no more, and leaves once";
}

TEST(QueueKeeper, HoldsNothingOnceTheOthersHaveGone) {
  bench b(200);
  b.begin();
  b.to.send_used = 40 * kib;
  b.move(mib);
  EXPECT_NE(b.memory.held(), 0U);
  for (int i = 0; i < 200; ++i) b.memory.leave();
  b.move(1);
  EXPECT_EQ(b.memory.held(), 0U);
}

TEST(QueueKeeper, TellsThatSomebodyWaitsWithASmallQueue) {
  bench b(200);
  b.begin();
  b.block();
  EXPECT_EQ(b.bitten, 0) << "its queue is the kernel's";
  b.others_hold(9 * mib);
  b.move(mib);
  EXPECT_EQ(b.bitten, 0) << "nobody waits";
  b.block();
  b.block();
  EXPECT_EQ(b.bitten, 1);
}

// As part of a direction.

struct whole : bench {
  using bench::bench;
  progress run() { return way.run(from, to, shared, SIZE_MAX, why); }
  direction way;
  error_code why;
};

TEST(QueueKeeper, SmallMessagesOfADirectionCostTwoCallsInAllItsLife) {
  whole b(200);
  const auto messages = [&](int count) {
    for (int i = 0; i < count; ++i) {
      b.from.incoming.assign(100, 'x');
      b.run();
    }
    return b.to.orders + b.from.orders;
  };
  EXPECT_EQ(messages(600), 0);
  EXPECT_EQ(messages(10'000), 2) << "frozen, and thawed since its reader reads";
  b.intervals(50);
  EXPECT_EQ(messages(10'000), 2);
  EXPECT_EQ(b.to.questions + b.from.questions, 0);
}

TEST(QueueKeeper, ADirectionThatMovesMuchIsCountedUntilItIsDone) {
  whole b(2);
  b.from.incoming.assign(mib, 'x');
  b.to.takes = 200 * kib;
  b.to.send_used = 100 * kib;
  EXPECT_EQ(b.run(), progress::blocked);
  EXPECT_TRUE(b.memory.is_crowded());
  EXPECT_EQ(b.memory.held(), 96 * kib);
  b.to.takes = SIZE_MAX;
  b.from.ended = true;
  EXPECT_EQ(b.run(), progress::done);
  EXPECT_EQ(b.to.written.size(), mib);
  EXPECT_FALSE(b.memory.is_crowded());
  EXPECT_EQ(b.memory.held(), 0U);
}

TEST(QueueKeeper, ADirectionThatIsSplicedFromItsFirstReadsOnCountsToo) {
  test::pump_bench b;
  socket_memory memory(64 * mib);
  b.shared.bound_by(memory);
  memory.enter();
  memory.enter();
  test::plain_end from(b);
  test::plain_end to(b);
  direction way;
  error_code why;
  const auto data = test::pattern(16 * kib);
  std::size_t sent = 0;
  bool copied_all = true;
  while (sent < 4 * queue_keeper::least_moved) {
    test::send_all(from.peer.get(), data);
    sent += data.size();
    ASSERT_TRUE(test::turn_until(b.poller, [&] {
      way.run(from.stream, to.stream, b.shared, SIZE_MAX, why);
      return way.moved() == sent;
    }));
    test::read_exactly(to.peer.get(), data.size());
    if (sent < queue_keeper::least_moved && way.is_splicing()) copied_all = false;
  }
  EXPECT_FALSE(copied_all) << "else this shows nothing";
  EXPECT_TRUE(memory.is_crowded());
  way.release(b.shared);
  EXPECT_FALSE(memory.is_crowded());
}

TEST(QueueKeeper, ADirectionThatIsGivenUpHoldsNothing) {
  whole b(2);
  b.from.incoming.assign(mib, 'x');
  b.to.takes = 200 * kib;
  b.to.send_used = 100 * kib;
  b.run();
  b.way.release(b.shared);
  EXPECT_FALSE(b.memory.is_crowded());
  EXPECT_EQ(b.memory.held(), 0U);
}

}  // namespace
}  // namespace relay::pump
