#include <relay/forward/admission.hpp>

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace relay::forward {
namespace {

TEST(Admission, TakesTwoDescriptorsForEachConnection) {
  admission door(5);
  EXPECT_TRUE(door.enter());
  EXPECT_TRUE(door.enter());
  EXPECT_FALSE(door.enter());
  EXPECT_EQ(door.connections(), 2U);
  door.leave();
  EXPECT_TRUE(door.enter());
}

TEST(Admission, TellsOnceThatThereIsRoomAfterARefusal) {
  admission door(2);
  int told = 0;
  door.on_room([&] { ++told; });
  ASSERT_TRUE(door.enter());
  door.leave();
  EXPECT_EQ(told, 0) << "nobody was refused";
  ASSERT_TRUE(door.enter());
  EXPECT_FALSE(door.enter());
  EXPECT_FALSE(door.enter());
  door.leave();
  EXPECT_EQ(told, 1);
}

TEST(Admission, TellsWhenTheLastConnectionHasGone) {
  admission door(10);
  int idle = 0;
  door.on_idle([&] { ++idle; });
  door.enter();
  door.enter();
  door.leave();
  EXPECT_EQ(idle, 0);
  door.leave();
  EXPECT_EQ(idle, 1);
}

TEST(Admission, PipesLeaveAQuarterToConnections) {
  admission door(16);
  int pipes = 0;
  while (door.spare_pipe()) ++pipes;
  EXPECT_EQ(pipes, 6);
  EXPECT_TRUE(door.enter());
  EXPECT_TRUE(door.enter());
  EXPECT_FALSE(door.enter());
  int told = 0;
  door.on_room([&] { ++told; });
  door.return_pipe();
  EXPECT_EQ(told, 1) << "a pipe that goes makes room for a connection";
  EXPECT_TRUE(door.enter());
}

TEST(Admission, AsksForWhatIsKeptInStoreWhenItIsFull) {
  admission door(8);
  ASSERT_TRUE(door.spare_pipe());
  ASSERT_TRUE(door.enter());
  ASSERT_TRUE(door.enter());
  ASSERT_TRUE(door.enter());
  int asked = 0;
  int told = 0;
  door.on_full([&] { ++asked; });
  door.on_room([&] { ++told; });
  EXPECT_FALSE(door.enter());
  EXPECT_FALSE(door.enter());
  EXPECT_EQ(asked, 1) << "once until there is room again";
  door.return_pipe();
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(door.enter());
}

TEST(Admission, NeverOverbooksAcrossThreads) {
  admission door(20);
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20'000; ++i) {
        if (!door.enter()) continue;
        const int now = ++inside;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        --inside;
        door.leave();
      }
    });
  }
  for (auto& each : threads) each.join();
  EXPECT_LE(most, 10);
  EXPECT_EQ(door.connections(), 0U);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(door.enter());
}

}  // namespace
}  // namespace relay::forward
