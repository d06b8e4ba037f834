// How long a session can be resumed, and how long the key lives that it was sealed with.
#include "transport/ticket_keys.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <new>

namespace relay::transport {
namespace {

using namespace std::chrono_literals;

struct keys {
  int made = 0;
  bool has_noise = true;
  ticket_keys all{[this](ticket_key& into) {
    if (!has_noise) return false;
    into.name.fill(static_cast<unsigned char>(++made));
    return true;
  }};
  std::chrono::steady_clock::time_point now{100h};

  int newest() {
    const auto key = all.newest(now);
    return key ? key->name[0] : 0;
  }
  /// 2: the newest, 1: one that opens, 0: gone.
  int opens(int number) {
    std::array<unsigned char, 16> name{};
    name.fill(static_cast<unsigned char>(number));
    const auto found = all.find(name, now);
    return found ? (found->is_newest ? 2 : 1) : 0;
  }
};

TEST(TicketKeys, OneSealsForItsPeriodAndOpensForALifetimeLonger) {
  keys k;
  EXPECT_EQ(k.opens(1), 0) << "none is made for a ticket that cannot be ours";
  EXPECT_EQ(k.newest(), 1);
  k.now += ticket_keys::period - 1s;
  EXPECT_EQ(k.newest(), 1);
  EXPECT_EQ(k.opens(1), 2);
  k.now += 1s;
  EXPECT_EQ(k.opens(1), 1) << "whoever resumes gets a ticket of the next";
  EXPECT_EQ(k.newest(), 2);
  EXPECT_EQ(k.opens(1), 1);
  EXPECT_EQ(k.opens(2), 2);
  k.now += ticket_keys::lifetime - 1s;
  EXPECT_EQ(k.opens(1), 1) << "the last ticket that it has sealed";
  k.now += 1s;
  EXPECT_EQ(k.opens(1), 0);
  EXPECT_EQ(k.newest(), 2);
}

TEST(TicketKeys, AfterAPauseNothingOldIsLeft) {
  keys k;
  k.newest();
  k.now += ticket_keys::period + ticket_keys::lifetime - 1s;
  EXPECT_EQ(k.opens(1), 1) << "nobody has come since";
  k.now += 1s;
  EXPECT_EQ(k.opens(1), 0);
  EXPECT_EQ(k.newest(), 2);
  EXPECT_EQ(k.opens(1), 0);
}

TEST(TicketKeys, WithoutNoiseTheOldOneServesAndAtFirstNone) {
  keys k;
  k.has_noise = false;
  EXPECT_EQ(k.newest(), 0);
  k.has_noise = true;
  EXPECT_EQ(k.newest(), 1);
  k.has_noise = false;
  k.now += ticket_keys::period;
  EXPECT_EQ(k.newest(), 1);
  k.has_noise = true;
  EXPECT_EQ(k.newest(), 2);
}

TEST(TicketKeys, AKeyIsWipedAtItsEnd) {
  alignas(ticket_key) unsigned char place[sizeof(ticket_key)];
  auto* const key = new (place) ticket_key;
  key->cipher.fill(0x5a);
  key->mac.fill(0x5a);
  key->~ticket_key();
  EXPECT_EQ(std::count(std::begin(place), std::end(place), 0x5a), 0);
}

}  // namespace
}  // namespace relay::transport
