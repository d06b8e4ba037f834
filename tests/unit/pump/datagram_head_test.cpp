// Bytes in front of every datagram that is sent: a PROXY header.
#include "support/sockets.hpp"

#include <relay/net/datagram_socket.hpp>
#include <relay/pump/datagrams.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <random>
#include <string>
#include <vector>

namespace relay::pump {
namespace {

using texts = std::vector<std::string>;

/// Sends runs with a head between two sockets on loopback.
class Heads : public testing::Test {
 protected:
  send_outcome send(const std::vector<datagram_run>& runs) {
    return io.send(from.get(), socket_address(test::address_of(to.get())), {}, runs, cuts,
                   std::as_bytes(std::span(head)));
  }
  texts received() const {
    texts all;
    std::string buffer(70000, '\0');
    for (;;) {
      const auto got = ::recv(to.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (got < 0) return all;
      all.push_back(buffer.substr(0, static_cast<std::size_t>(got)));
    }
  }
  /// A run of these bytes, and what is to arrive of it.
  datagram_run run(const std::string& bytes, std::size_t segment, texts& wanted) const {
    std::size_t at = 0;
    do {
      const auto part = bytes.substr(at, segment);
      if (head.size() + part.size() <= datagrams::most_bytes) wanted.push_back(head + part);
      at += segment;
    } while (at < bytes.size());
    return {std::as_bytes(std::span(bytes)), segment};
  }

  datagrams io;
  bool cuts = true;
  std::string head = "twenty-eight bytes of header";
  unique_fd from = test::udp_socket();
  unique_fd to = test::udp_socket();
};

TEST_F(Heads, StandInFrontOfEachDatagramOfARun) {
  texts wanted;
  const auto many = test::pattern(1000 * 9 + 300);
  const std::string single = "single";
  const std::string none;
  const auto runs = std::vector{run(many, 1000, wanted), run(single, 6, wanted),
                                run(none, 0, wanted), run(many, many.size(), wanted)};
  const auto how = send(runs);
  EXPECT_EQ(received(), wanted);
  EXPECT_EQ(how.datagrams, wanted.size());
  EXPECT_EQ(how.bytes, 2 * many.size() + single.size()) << "the heads are not counted";
  EXPECT_EQ(how.lost, 0U);
  EXPECT_TRUE(cuts);
}

TEST_F(Heads, DatagramsOfOneSizeFromManyRunsLeaveTogether) {
  texts wanted;
  std::vector<std::string> bytes;
  for (unsigned i = 0; i < 32; ++i) bytes.push_back(test::pattern(i % 5 == 4 ? 90 : 100, i));
  std::vector<datagram_run> runs;
  for (const auto& each : bytes) runs.push_back(run(each, each.size(), wanted));
  EXPECT_EQ(send(runs).datagrams, 32U);
  EXPECT_EQ(received(), wanted);
}

TEST_F(Heads, AnyRunsArriveAsTheyWouldOneByOne) {
  std::minstd_rand random(7);
  const auto below = [&](unsigned limit) { return static_cast<std::size_t>(random() % limit); };
  for (int round = 0; round < 300; ++round) {
    cuts = round % 3 != 0;
    texts wanted;
    std::vector<std::string> bytes(1 + below(datagrams::batch));
    std::vector<datagram_run> runs;
    for (auto& each : bytes) {
      const auto segment = below(3) == 0 ? below(5) : 100 + 100 * below(2);
      const auto count = segment == 0 ? 0 : 1 + below(8);
      const auto last = count == 0 ? 0 : below(static_cast<unsigned>(segment)) + 1;
      each = test::pattern(count == 0 ? 0 : (count - 1) * segment + last,
                           static_cast<unsigned>(round));
      runs.push_back(run(each, count < 2 ? each.size() : segment, wanted));
    }
    EXPECT_EQ(send(runs).datagrams, wanted.size());
    ASSERT_EQ(received(), wanted) << round;
  }
}

TEST_F(Heads, WhatBecomesTooLongIsLostAndTheOthersGo) {
  texts wanted;
  const auto most = test::pattern(datagrams::most_bytes - head.size());
  const auto above = test::pattern(datagrams::most_bytes - head.size() + 1);
  const auto largest = test::pattern(datagrams::most_bytes);
  const std::string small = "small";
  const auto runs = std::vector{run(above, above.size(), wanted), run(small, 5, wanted),
                                run(largest, largest.size(), wanted),
                                run(most, most.size(), wanted), run(small, 5, wanted)};
  const auto how = send(runs);
  EXPECT_EQ(received(), wanted);
  EXPECT_EQ(wanted.size(), 3U);
  EXPECT_EQ(how.lost, 2U);
  EXPECT_EQ(how.error.value(), EMSGSIZE);
}

TEST_F(Heads, AreGoneWithTheNextCall) {
  texts ignored;
  const std::string text = "text";
  (void)send({run(text, 4, ignored)});
  head.clear();
  texts wanted;
  (void)send({run(text, 4, wanted)});
  EXPECT_EQ(received(), (texts{"twenty-eight bytes of headertext", "text"}));
}

}  // namespace
}  // namespace relay::pump
