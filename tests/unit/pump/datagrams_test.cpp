#include "support/sockets.hpp"

#include <relay/net/datagram_socket.hpp>
#include <relay/pump/datagrams.hpp>

#include <gtest/gtest.h>

#include <netinet/udp.h>
#include <poll.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace relay::pump {
namespace {

using texts = std::vector<std::string>;

// It borrows the bytes, so nothing is made on the way: a view, which a literal outlives.
datagram_run run(std::string_view bytes, std::size_t segment) {
  return {std::as_bytes(std::span(bytes)), segment};
}
datagram_run run(std::string_view bytes) { return run(bytes, bytes.size()); }

/// Two UDP sockets on loopback and a worker's buffers between them.
class Datagrams : public testing::Test {
 protected:
  send_outcome send(std::span<const datagram_run> runs) {
    return io.send(from.get(), socket_address(test::address_of(to.get())), {}, runs, cuts);
  }
  send_outcome send(std::vector<datagram_run> runs) { return send(std::span(runs)); }

  /// All that waits at `to`, each datagram as it was sent, through plain receives.
  texts received() const {
    texts all;
    std::string buffer(70000, '\0');
    for (;;) {
      const auto got = ::recv(to.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (got < 0) return all;
      all.push_back(buffer.substr(0, static_cast<std::size_t>(got)));
    }
  }

  void send_plainly(const std::string& data, const char* by = nullptr) const {
    auto address = socket_address(test::address_of(to.get()));
    if (by != nullptr)
      address = socket_address({*ip_address::parse(by), test::address_of(to.get()).port});
    ASSERT_EQ(::sendto(from.get(), data.data(), data.size(), 0, address.data(), address.length),
              static_cast<ssize_t>(data.size()));
  }

  /// Brings the reader into its batch mode.
  void make_busy() {
    for (std::uint32_t i = 0; i < 3; ++i) {
      send_plainly("x");
      ASSERT_EQ(io.receive(to.get(), how, turn++, error).size(), 1U);
    }
    ASSERT_TRUE(how.mode.many());
  }

  datagrams io;
  receiving how;
  std::uint32_t turn = 1;
  error_code error;
  bool cuts = true;
  unique_fd from = test::udp_socket("127.0.0.1:0");
  unique_fd to = test::udp_socket("127.0.0.1:0");
};

TEST_F(Datagrams, ReceivesOneByOneAtFirst) {
  send_plainly("one");
  send_plainly("two");
  const auto got = io.receive(to.get(), how, turn, error);
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].data.bytes.size(), 3U);
  EXPECT_EQ(got[0].data.count(), 1U);
  EXPECT_EQ(got[0].from->endpoint(), test::address_of(from.get()));
  EXPECT_EQ(got[0].to.size, 0);
  EXPECT_FALSE(how.joins);
}

TEST_F(Datagrams, AnEmptySocketIsNoError) {
  EXPECT_TRUE(io.receive(to.get(), how, turn, error).empty());
  EXPECT_FALSE(error);
}

TEST_F(Datagrams, ReceivesARunWithOneCall) {
  make_busy();
  texts sent;
  for (int i = 0; i < 20; ++i) sent.push_back("datagram " + std::to_string(i));
  for (const auto& each : sent) send_plainly(each);
  const auto got = io.receive(to.get(), how, turn, error);
  ASSERT_EQ(got.size(), sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    EXPECT_EQ(std::memcmp(got[i].data.bytes.data(), sent[i].data(), sent[i].size()), 0);
    EXPECT_EQ(got[i].data.bytes.size(), sent[i].size());
  }
}

TEST_F(Datagrams, KeepsEmptyAndLargestOnes) {
  const std::string largest = test::pattern(datagrams::most_bytes);
  const auto how_sent = send({run(""), run(largest), run("")});
  EXPECT_EQ(how_sent.datagrams, 3U);
  EXPECT_EQ(how_sent.bytes, largest.size());
  EXPECT_EQ(received(), (texts{"", largest, ""}));
}

TEST_F(Datagrams, TakesJoinedOnesApartBySize) {
  make_busy();
  const std::string data = test::pattern(1000 * 7 + 300);
  const int segment = 1000;
  ASSERT_EQ(::setsockopt(from.get(), IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment), 0);
  send_plainly(data);
  const auto got = io.receive(to.get(), how, turn, error);
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].data.segment, 1000U);
  EXPECT_EQ(got[0].data.count(), 8U);
  EXPECT_EQ(std::memcmp(got[0].data.bytes.data(), data.data(), data.size()), 0);
}

// 2,000 at once would keep the connections of the worker waiting for milliseconds.
TEST_F(Datagrams, TakesFewMessagesWhereEachHoldsMany) {
  make_busy();
  const int segment = 100;
  ASSERT_EQ(::setsockopt(from.get(), IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment), 0);
  const std::string joined(6400, 'x');
  std::size_t most = 0;
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 8; ++i) send_plainly(joined);
    std::size_t count = 0;
    for (const auto& each : io.receive(to.get(), how, turn++, error)) count += each.data.count();
    if (round > 0) most = std::max(most, count);
  }
  EXPECT_GT(most, 0U);
  EXPECT_LE(most, 256U + 64U);
}

TEST_F(Datagrams, AUsedSocketIsMadeFresh) {
  make_busy();
  (void)io.receive(to.get(), how, turn, error);
  ASSERT_TRUE(how.joins);
  for (int i = 0; i < 100; ++i) send_plainly("old");
  make_fresh(to.get());
  const int segment = 4;
  ASSERT_EQ(::setsockopt(from.get(), IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment), 0);
  send_plainly("one two ");
  EXPECT_EQ(received(), (texts{"one ", "two "})) << "joined, nobody would know where to cut";
}

TEST_F(Datagrams, WithoutJoiningTheKernelCutsThem) {
  datagrams plain(false);
  make_busy();
  how.joins = false;
  const int off = 0;
  ASSERT_EQ(::setsockopt(to.get(), IPPROTO_UDP, UDP_GRO, &off, sizeof off), 0);
  const int segment = 1000;
  ASSERT_EQ(::setsockopt(from.get(), IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment), 0);
  send_plainly(std::string(2500, 'x'));
  const auto got = plain.receive(to.get(), how, turn, error);
  ASSERT_EQ(got.size(), 3U);
  EXPECT_EQ(got[2].data.bytes.size(), 500U);
  EXPECT_FALSE(how.joins);
}

TEST_F(Datagrams, SendsARunOfOneSizeTogetherAndItArrivesApart) {
  texts sent;
  std::vector<datagram_run> runs;
  for (int i = 0; i < 30; ++i) sent.push_back(test::pattern(200, static_cast<unsigned>(i)));
  for (const auto& each : sent) runs.push_back(run(each));
  const auto made = send(runs);
  EXPECT_EQ(made.datagrams, 30U);
  EXPECT_EQ(made.bytes, 6000U);
  EXPECT_EQ(made.lost, 0U);
  EXPECT_TRUE(cuts);
  EXPECT_EQ(received(), sent);
}

TEST_F(Datagrams, KeepsTheOrderOfMixedSizes) {
  texts sent;
  std::vector<datagram_run> runs;
  for (unsigned i = 0; i < 32; ++i) sent.push_back(test::pattern(i % 5 * 100, i));
  for (const auto& each : sent) runs.push_back(run(each));
  EXPECT_EQ(send(runs).datagrams, 32U);
  EXPECT_EQ(received(), sent);
}

TEST_F(Datagrams, PassesJoinedRunsOnWhole) {
  const auto first = test::pattern(1200 * 40 + 7, 1);  // 41 datagrams, the last of 7 bytes
  const auto second = test::pattern(1200 * 50, 2);
  const auto made = send({run(first, 1200), run(second, 1200)});
  EXPECT_EQ(made.datagrams, 91U);
  const auto got = received();
  ASSERT_EQ(got.size(), 91U);
  std::string all;
  for (const auto& each : got) all += each;
  EXPECT_EQ(all, first + second);
  EXPECT_EQ(got[40].size(), 7U);
  EXPECT_EQ(got[41].size(), 1200U);
}

TEST_F(Datagrams, CutsRunsItselfWhereTheKernelMayNot) {
  cuts = false;
  const auto data = test::pattern(500 * 70 + 1);
  EXPECT_EQ(send({run(data, 500)}).datagrams, 71U);
  const auto got = received();
  ASSERT_EQ(got.size(), 71U);
  EXPECT_EQ(got.back().size(), 1U);
}

// The kernel does not cut for sockets that send without checksums.
TEST_F(Datagrams, FindsOutThatTheKernelDoesNotCutAndLosesNothing) {
  const int on = 1;
  ASSERT_EQ(::setsockopt(from.get(), SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), 0);
  const auto head = test::pattern(10, 3);
  const auto data = test::pattern(100 * 9 + 5);
  const auto made = send({run(head), run(data, 100)});
  EXPECT_FALSE(cuts);
  EXPECT_EQ(made.datagrams, 11U);
  EXPECT_EQ(made.lost, 0U);
  const auto got = received();
  ASSERT_EQ(got.size(), 11U);
  EXPECT_EQ(got[0], head);
  EXPECT_EQ(got[1], data.substr(0, 100));
}

TEST_F(Datagrams, CountsWhatIsTooLargeAndGoesOn) {
  const std::string monster(datagrams::most_bytes + 1, 'x');
  const auto made = send({run("a"), run(monster), run("b")});
  EXPECT_EQ(made.lost, 1U);
  EXPECT_EQ(made.datagrams, 2U);
  EXPECT_EQ(made.error.value(), EMSGSIZE);
  EXPECT_EQ(received(), (texts{"a", "b"}));
}

TEST_F(Datagrams, TellsOfOurAddressesWhichTheSenderUsed) {
  to = test::udp_socket("0.0.0.0:0");
  how.knows_own_address = true;
  for (const char* by : {"127.0.0.1", "127.0.0.9"}) {
    const auto address = *ip_address::parse(by);
    send_plainly("x", by);
    const auto got = io.receive(to.get(), how, turn, error);
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(got[0].to.size, 4);
    EXPECT_EQ(std::memcmp(got[0].to.bytes.data(), address.bytes().data(), 4), 0);
  }
}

// The slots are shared by all sockets of a worker.
TEST_F(Datagrams, DoesNotTakeAnAddressFromAnotherSocketsDatagram) {
  const auto everywhere = test::udp_socket("0.0.0.0:0");
  receiving knowing;
  knowing.knows_own_address = true;
  const socket_address there(
      {*ip_address::parse("127.0.0.9"), test::address_of(everywhere.get()).port});
  ASSERT_EQ(::sendto(from.get(), "x", 1, 0, there.data(), there.length), 1);
  ASSERT_EQ(io.receive(everywhere.get(), knowing, turn, error).size(), 1U);
  send_plainly("y");
  const auto got = io.receive(to.get(), how, turn, error);
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].to, own_address());
}

TEST_F(Datagrams, AnswersFromThatAddress) {
  to = test::udp_socket("0.0.0.0:0");
  how.knows_own_address = true;
  send_plainly("question", "127.0.0.9");
  const auto got = io.receive(to.get(), how, turn, error);
  ASSERT_EQ(got.size(), 1U);
  const auto answer = std::to_array<datagram_run>({run("answer")});
  io.send(to.get(), *got[0].from, got[0].to, answer, cuts);
  receiving plain;
  const auto back = io.receive(from.get(), plain, turn, error);
  ASSERT_EQ(back.size(), 1U);
  EXPECT_EQ(back[0].from->endpoint().address, ip_address::parse("127.0.0.9"));
}

TEST_F(Datagrams, ADualSocketAnswersBothFamiliesFromTheAddressTheyUsed) {
  to = test::udp_socket("[::]:0");
  how.knows_own_address = true;
  const auto port = test::address_of(to.get()).port;
  for (const char* by : {"127.0.0.9", "::1"}) {
    const auto at = *ip_address::parse(by);
    const auto client = test::udp_socket(at.is_v6() ? "[::1]:0" : "127.0.0.1:0");
    const socket_address there({at, port});
    ASSERT_EQ(::sendto(client.get(), "x", 1, 0, there.data(), there.length), 1);
    const auto got = io.receive(to.get(), how, turn, error);
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(got[0].to.size, 16);
    const auto answer = std::to_array<datagram_run>({run("1234"), run("5678"), run("9")});
    EXPECT_EQ(io.send(to.get(), *got[0].from, got[0].to, answer, cuts).datagrams, 3U);
    receiving plain;
    const auto back = io.receive(client.get(), plain, turn, error);
    ASSERT_EQ(back.size(), 1U) << by;
    EXPECT_EQ(back[0].from->endpoint(), (ip_endpoint{at, port}));
  }
}

TEST_F(Datagrams, WhatIsSentToManyIsToldAndAnsweredFromOneAddress) {
  const int on = 1;
  ASSERT_EQ(::setsockopt(from.get(), SOL_SOCKET, SO_BROADCAST, &on, sizeof on), 0);
  for (const char* at : {"0.0.0.0:0", "[::]:0"}) {
    to = test::udp_socket(at);
    how.knows_own_address = true;
    for (const char* by : {"127.0.0.1", "127.255.255.255"}) {
      send_plainly("question", by);
      const auto got = io.receive(to.get(), how, turn, error);
      ASSERT_EQ(got.size(), 1U) << at;
      EXPECT_EQ(got[0].is_to_many, std::string_view(by) != "127.0.0.1") << at;
      const auto answer = std::to_array<datagram_run>({run("answer")});
      EXPECT_EQ(io.send(to.get(), *got[0].from, got[0].to, answer, cuts).datagrams, 1U) << at;
      receiving plain;
      const auto back = io.receive(from.get(), plain, turn, error);
      ASSERT_EQ(back.size(), 1U) << at;
      EXPECT_EQ(back[0].from->endpoint().address, ip_address::parse("127.0.0.1"));
    }
  }
}

// What an ICMP error says of one datagram, the next call is told.
TEST_F(Datagrams, AnErrorThatIsToldOfAnotherDatagramCostsNone) {
  const int on = 1;
  ASSERT_EQ(::setsockopt(from.get(), IPPROTO_IP, IP_RECVERR, &on, sizeof on), 0);
  const auto nobody = socket_address(test::address_of(test::udp_socket().get()));
  const auto one = std::to_array<datagram_run>({run("lost")});
  EXPECT_EQ(io.send(from.get(), nobody, {}, one, cuts).datagrams, 1U);  // refused at once
  const auto made = send({run("one", 3), run("two", 3), run("three", 5)});
  EXPECT_EQ(made.lost, 0U) << made.error.message();
  EXPECT_TRUE(cuts);
  EXPECT_EQ(received(), (texts{"one", "two", "three"}));
}

TEST(DatagramRun, CountsItsDatagrams) {
  const std::string bytes(1001, 'x');
  EXPECT_EQ(run(bytes, 500).count(), 3U);
  EXPECT_EQ(run(bytes, 1001).count(), 1U);
  EXPECT_EQ(run("", 0).count(), 1U);
}

}  // namespace
}  // namespace relay::pump
