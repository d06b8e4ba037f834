#include <relay/pump/socket_memory.hpp>

#include <gtest/gtest.h>

namespace relay::pump {
namespace {

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;

TEST(SocketMemory, TheDefaultIsAQuarterOfThePressureMark) {
  EXPECT_EQ(quarter_of_pressure("100\t400\t800", 4096), 409'600U);
  EXPECT_EQ(quarter_of_pressure("100 400 800\n", 4096), 409'600U);
}

TEST(SocketMemory, WhatIsNoPressureMarkIsNoDefault) {
  for (const auto* text : {"", "100", "a b c", "1 18446744073709551615 3"}) {
    EXPECT_EQ(quarter_of_pressure(text, 4096), 0U) << text;
  }
}

TEST(SocketMemory, ThereIsADefaultWhereverItRuns) {
  const auto bound = system_socket_memory();
  EXPECT_GE(bound, mib) << "in a container the system does not tell the mark";
  EXPECT_EQ(bound % mib, 0U);
}

TEST(SocketMemory, IsCrowdedWhereTheKernelCouldGiveAwayHalfOfIt) {
  socket_memory m(64 * mib);
  for (int i = 0; i < 2; ++i) m.enter();
  EXPECT_FALSE(m.is_crowded());
  m.enter();
  EXPECT_TRUE(m.is_crowded());
  m.leave();
  EXPECT_FALSE(m.is_crowded());
}

TEST(SocketMemory, TheOtherHalfIsShared) {
  socket_memory m(64 * mib);
  for (int i = 0; i < 7; ++i) m.enter();
  EXPECT_EQ(m.share(), 64 * kib) << "as if they were 256: more may come";
  for (int i = 0; i < 504; ++i) m.enter();
  EXPECT_EQ(m.share(), 32 * kib) << "whoever asks may not be counted yet";
}

TEST(SocketMemory, FillsFromAnEighthOnAndIsTightOnceHalfIsHeld) {
  socket_memory m(16 * mib);
  m.hold(2 * mib, 0);
  EXPECT_FALSE(m.is_filling());
  m.hold(8 * mib, 2 * mib);
  EXPECT_TRUE(m.is_filling());
  m.hold(0, 8 * mib);
  EXPECT_FALSE(m.is_filling());
  m.hold(8 * mib, 0);
  EXPECT_FALSE(m.is_tight());
  m.hold(1, 0);
  EXPECT_TRUE(m.is_tight());
  m.hold(3 * mib, 8 * mib);
  EXPECT_FALSE(m.is_tight());
  EXPECT_EQ(m.held(), 3 * mib + 1);
}

TEST(SocketMemory, TellsOnceThatItBites) {
  int told = 0;
  socket_memory m(16 * mib, [&] { ++told; });
  m.bite();
  m.bite();
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace relay::pump
