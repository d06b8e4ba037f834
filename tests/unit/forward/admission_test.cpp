#include <relay/forward/admission.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <deque>
#include <string>
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

TEST(Admission, KeepsToTheLimitOfAnEndpointAndOfTheProcess) {
  admission door(1000, 3);
  gate two("two", 2);
  gate many("many", 10);
  gate free("free", 0);
  EXPECT_TRUE(door.enter(two));
  EXPECT_TRUE(door.enter(two));
  EXPECT_FALSE(door.enter(two)) << "its own limit";
  EXPECT_TRUE(door.enter(many));
  EXPECT_FALSE(door.enter(many)) << "the process's";
  EXPECT_FALSE(door.enter(free)) << "the process's";
  door.leave(two);
  EXPECT_TRUE(door.enter(free));
  EXPECT_FALSE(door.enter(two));
  EXPECT_EQ(door.connections(), 3U);
}

TEST(Admission, WakesWhoWaitsForEitherLimitOnce) {
  admission door(1000, 2);
  gate one("one", 1);
  gate other("other", 0);
  int told = 0;
  door.on_room([&] { ++told; });
  ASSERT_TRUE(door.enter(one));
  EXPECT_FALSE(door.enter(one));
  ASSERT_TRUE(door.enter(other));
  door.leave(other);
  EXPECT_EQ(told, 0) << "nobody waits for that";
  door.leave(one);
  EXPECT_EQ(told, 1);
  ASSERT_TRUE(door.enter(other));
  ASSERT_TRUE(door.enter(other));
  EXPECT_FALSE(door.enter(one));
  door.leave(other);
  EXPECT_EQ(told, 2) << "whoever makes room in the process";
}

TEST(Admission, WithoutDescriptorsNoPlaceOfALimitIsTaken) {
  admission door(2, 10);
  gate own("own", 10);
  gate other("other", 1);
  ASSERT_TRUE(door.enter(own));
  int told = 0;
  door.on_room([&] { ++told; });
  EXPECT_FALSE(door.enter(other));
  EXPECT_FALSE(door.enter(other));
  door.leave(own);
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(door.enter(other)) << "its one place was not lost";
}

TEST(Admission, SaysOnceThatALimitBites) {
  admission door(1000, 5);
  gate own("own", 2);
  std::vector<std::string> told;
  door.on_limit([&](const gate& which, bool bites) {
    told.push_back(which.name() + (bites ? " bites" : " is calm"));
  });
  for (int i = 0; i < 4; ++i) door.enter(own);
  gate free("free", 0);
  for (int i = 0; i < 6; ++i) door.enter(free);
  EXPECT_EQ(told, (std::vector<std::string>{"own bites", "the process bites"}));
}

TEST(Admission, KnowsWhoseClientsHaveHadToWait) {
  admission door(1000, 3);
  gate own("own", 1);
  gate other("other", 5);
  EXPECT_FALSE(door.keeps_waiting(own));
  door.enter(own);
  door.enter(own);
  EXPECT_TRUE(door.keeps_waiting(own));
  EXPECT_FALSE(door.keeps_waiting(other));
  for (int i = 0; i < 3; ++i) door.enter(other);
  EXPECT_TRUE(door.keeps_waiting(other)) << "for the limit of the process";
  EXPECT_FALSE(admission(1000).keeps_waiting(gate("free", 0)));
}

TEST(Admission, AnAssociationTakesOneDescriptorAndIsNoConnection) {
  admission door(5, 2);
  int idle = 0;
  int full = 0;
  int room = 0;
  door.on_idle([&] { ++idle; });
  door.on_full([&] { ++full; });
  door.on_room([&] { ++room; });
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(door.enter_association());
  EXPECT_EQ(door.connections(), 0U);
  EXPECT_TRUE(door.enter()) << "two are kept for it";
  EXPECT_FALSE(door.enter());
  EXPECT_EQ(full, 1);
  EXPECT_FALSE(door.enter_association()) << "none is left";
  door.leave_association();
  EXPECT_EQ(room, 1);
  EXPECT_FALSE(door.enter()) << "one is left, a connection takes two";
  door.leave();
  EXPECT_EQ(idle, 1);
  for (int i = 0; i < 2; ++i) door.leave_association();
  EXPECT_EQ(idle, 1) << "associations hold nothing up";
}

TEST(Admission, OneConnectionAlwaysGoesHoweverFewDescriptorsThereAre) {
  for (std::size_t descriptors = 2; descriptors < 9; ++descriptors) {
    admission door(descriptors);
    while (door.enter_association()) {
    }
    EXPECT_TRUE(door.enter()) << descriptors;
  }
}

TEST(Admission, AQuarterOfTheDescriptorsIsNotForAssociations) {
  admission door(40);
  int full = 0;
  door.on_full([&] { ++full; });
  int had = 0;
  while (had < 100 && door.enter_association()) ++had;
  EXPECT_EQ(had, 30);
  EXPECT_EQ(full, 0) << "nobody waits for it";
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(door.enter());
  EXPECT_FALSE(door.enter());
  door.leave_association();
  EXPECT_TRUE(door.enter_association());
}

// Whoever was refused is woken, or there is no room: so everybody gets through in the end.
TEST(Admission, AtItsLimitsNobodySleepsForEver) {
  admission door(60, 7);
  std::deque<gate> gates;  // which never move
  for (const std::uint64_t limit : {1U, 3U, 0U}) gates.emplace_back("x", limit);
  std::atomic<std::uint64_t> rooms{0};
  door.on_room([&] {
    ++rooms;
    rooms.notify_all();
  });
  std::array<std::atomic<int>, 3> inside{};
  std::atomic<bool> too_many{false};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      const auto which = t % 3;
      for (int i = 0; i < 3000; ++i) {
        for (auto seen = rooms.load(); !door.enter(gates[which]); seen = rooms.load()) {
          rooms.wait(seen);
        }
        const int limit[] = {1, 3, 7};
        if (++inside[which] > limit[which]) too_many = true;
        if (door.connections() > 7) too_many = true;
        std::this_thread::yield();
        --inside[which];
        door.leave(gates[which]);
      }
    });
  }
  for (auto& each : threads) each.join();
  EXPECT_FALSE(too_many);
  EXPECT_EQ(door.connections(), 0U);
}

TEST(Admission, WarmConnectionsAreBookedAndLeaveRoomForClients) {
  admission door(8);
  int warm = 0;
  while (door.spare_warm()) ++warm;
  EXPECT_EQ(warm, 6) << "a quarter is not for them";
  EXPECT_TRUE(door.enter());
  int full = 0;
  door.on_full([&] { ++full; });
  EXPECT_FALSE(door.enter());
  EXPECT_EQ(full, 1) << "whoever keeps them ready hears of it";
  door.return_warm();
  door.return_warm();
  EXPECT_TRUE(door.enter());
  EXPECT_FALSE(door.spare_warm()) << "connections come first";
}

TEST(Admission, AWarmConnectionThatGoesMakesRoom) {
  admission door(2);
  ASSERT_TRUE(door.spare_warm());
  int told = 0;
  door.on_room([&] { ++told; });
  EXPECT_FALSE(door.enter());
  door.return_warm();
  EXPECT_EQ(told, 1);
}

TEST(Admission, ALimitThatComesCountsThoseWhoCameBefore) {
  admission door(100);
  gate own("x", 0);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(door.enter(own));
  door.change_limit(own, 3);
  EXPECT_FALSE(door.enter(own));
  door.leave(own);
  EXPECT_TRUE(door.enter(own));
  door.change_limit(own, 0);
  EXPECT_TRUE(door.enter(own));
  for (int i = 0; i < 4; ++i) door.leave(own);
  EXPECT_EQ(door.connections(), 0U);
}

TEST(Admission, TheLimitOfTheProcessMayChange) {
  admission door(100, 1);
  gate own("x", 0);
  EXPECT_TRUE(door.enter(own));
  EXPECT_FALSE(door.enter(own));
  door.change_limit(2);
  EXPECT_TRUE(door.enter(own));
  EXPECT_FALSE(door.enter(own));
}

}  // namespace
}  // namespace relay::forward
