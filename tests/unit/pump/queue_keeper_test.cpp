#include "support/fake_stream.hpp"
#include "support/pump_bench.hpp"

#include <relay/pump/direction.hpp>
#include <relay/pump/queue_keeper.hpp>
#include <relay/pump/socket_memory.hpp>

#include <gtest/gtest.h>

namespace relay::pump {
namespace {

using std::chrono::nanoseconds;

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;
constexpr nanoseconds one_interval{std::int64_t{1} << 26};

/// One direction of a process with a bound of 64 MiB, which is crowded with three.
struct bench : test::pump_bench {
  explicit bench(int others = 0) {
    shared.bound_by(memory);
    for (int i = 0; i < others; ++i) memory.enter();
  }

  queue_keeper::flow flow() { return {from, to, shared, moved}; }
  void begin(std::uint64_t bytes = queue_keeper::least_moved) {
    moved += bytes;
    keeper.begin(flow());
  }
  void move(std::uint64_t bytes) {
    moved += bytes;
    keeper.ran(flow(), false);
  }
  void block(std::uint64_t bytes = 0) {
    moved += bytes;
    keeper.ran(flow(), true);
  }
  void intervals(int count) { now += count * one_interval; }

  int bitten = 0;
  socket_memory memory{64 * mib, [this] { ++bitten; }};
  test::fake_stream from;
  test::fake_stream to;
  queue_keeper keeper;
  std::uint64_t moved = 0;
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

TEST(QueueKeeper, AmongManyOneBeginsWithItsShare) {
  bench b(7);
  b.begin();
  EXPECT_EQ(b.to.most_unsent, 64 * kib);
  EXPECT_TRUE(b.from.is_frozen);
  bench crowd(600);
  crowd.begin();
  EXPECT_EQ(crowd.to.most_unsent, 16 * kib);
  bench throng(5000);
  throng.begin();
  EXPECT_EQ(throng.to.most_unsent, queue_keeper::least_queue);
}

TEST(QueueKeeper, TheSourceIsFreedOnceTheReaderHasProvedToRead) {
  bench b(200);
  b.begin();
  b.move(100 * kib);
  EXPECT_TRUE(b.from.is_frozen) << "the system takes that much for one that does not";
  b.block();
  EXPECT_TRUE(b.from.is_frozen);
  b.block(queue_keeper::trust);
  EXPECT_FALSE(b.from.is_frozen);
  EXPECT_NE(b.to.most_unsent, 0U);
  b.block();
  b.move(mib);
  EXPECT_EQ(b.from.orders, 2) << "for good";
}

TEST(QueueKeeper, AFastReaderGetsTheQueueThatItsRateNeeds) {
  bench b(200);
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
  b.begin();
  for (int i = 0; i < 100; ++i) {
    b.intervals(1);
    b.block(64 * kib);
  }
  EXPECT_EQ(b.to.most_unsent, 64 * kib);
}

TEST(QueueKeeper, WhatTheKernelMayGiveIsLessWhileItIsTight) {
  bench b(200);
  b.begin();
  b.memory.hold(33 * mib, 0);
  b.intervals(1);
  b.block(4 * mib);
  EXPECT_EQ(b.to.most_unsent, 2 * mib);
  b.intervals(1);
  b.block(8 * mib);
  EXPECT_EQ(b.to.most_unsent, 0U) << "a gigabit per second needs it";
}

TEST(QueueKeeper, QueuesAreGivenBackWhenTheOthersHaveGone) {
  bench b(200);
  b.begin();
  for (int i = 0; i < 200; ++i) b.memory.leave();
  b.intervals(1);
  b.move(1);
  EXPECT_EQ(b.to.most_unsent, 0U);
  EXPECT_FALSE(b.from.is_frozen);
}

TEST(QueueKeeper, WhoCameFirstIsKeptSmallOnceThereAreMany) {
  bench b;
  b.begin();
  for (int i = 0; i < 200; ++i) b.memory.enter();
  b.intervals(1);
  b.block();
  EXPECT_EQ(b.to.most_unsent, 64 * kib);
  EXPECT_FALSE(b.from.is_frozen) << "its sender has been told already";
}

TEST(QueueKeeper, CountsWhatWaitsForASlowReaderUntilItReads) {
  bench b(200);
  b.begin();
  b.to.send_used = 40 * kib;
  b.from.receive_used = 20 * kib;
  b.block();
  EXPECT_EQ(b.memory.held(), 64 * kib) << "in pages of 16 KiB";
  b.to.send_used = 0;
  b.block();
  EXPECT_EQ(b.memory.held(), 32 * kib);
  b.move(1);
  EXPECT_EQ(b.memory.held(), 0U);
  b.block();
  b.keeper.leave(b.shared);
  EXPECT_EQ(b.memory.held(), 0U) << "it goes with the direction";
  b.keeper.leave(b.shared);
  for (int i = 0; i < 198; ++i) b.memory.leave();
  EXPECT_FALSE(b.memory.is_crowded()) << "which counts no more, and leaves once";
}

TEST(QueueKeeper, OnceSlowReadersHoldMuchTheFirstByteCounts) {
  bench b(200);
  b.memory.hold(9 * mib, 0);
  b.begin(1);
  EXPECT_EQ(b.to.most_unsent, 64 * kib);
  EXPECT_TRUE(b.from.is_frozen);
}

TEST(QueueKeeper, TellsThatSomebodyWaitsWithASmallQueue) {
  bench b(200);
  b.begin();
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

TEST(QueueKeeper, SmallMessagesOfADirectionCostThreeCallsInAllItsLife) {
  whole b(200);
  const auto messages = [&](int count) {
    for (int i = 0; i < count; ++i) {
      b.from.incoming.assign(100, 'x');
      b.run();
    }
    return b.to.orders + b.from.orders;
  };
  EXPECT_EQ(messages(600), 0);
  EXPECT_EQ(messages(10'000), 3) << "kept small, and freed since its reader reads";
  b.intervals(50);
  EXPECT_EQ(messages(10'000), 3);
  EXPECT_EQ(b.to.questions + b.from.questions, 0);
}

TEST(QueueKeeper, ADirectionThatMovesMuchIsCountedUntilItIsDone) {
  whole b(2);
  b.from.incoming.assign(mib, 'x');
  b.to.takes = 200 * kib;
  b.to.send_used = 100 * kib;
  EXPECT_EQ(b.run(), progress::blocked);
  EXPECT_TRUE(b.memory.is_crowded());
  EXPECT_EQ(b.memory.held(), 112 * kib);
  EXPECT_NE(b.to.most_unsent, 0U);
  b.to.takes = SIZE_MAX;
  b.from.ended = true;
  EXPECT_EQ(b.run(), progress::done);
  EXPECT_EQ(b.to.written.size(), mib);
  EXPECT_FALSE(b.memory.is_crowded());
  EXPECT_EQ(b.memory.held(), 0U);
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
