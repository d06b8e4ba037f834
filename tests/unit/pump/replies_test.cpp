#include "support/counting_waiter.hpp"
#include "support/sockets.hpp"

#include <relay/pump/replies.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace relay::pump {
namespace {

using namespace std::chrono_literals;
using texts = std::vector<std::string>;

/// A client: a socket and its address.
struct client {
  unique_fd fd = test::udp_socket();
  socket_address at{test::address_of(fd.get())};

  struct message {
    std::string data;
    ip_endpoint from;
    friend bool operator==(const message&, const message&) = default;
  };
  /// All that has come, in order.
  std::vector<message> received() const {
    std::vector<message> all;
    std::string buffer(70000, '\0');
    for (;;) {
      socket_address from;
      const auto got = ::recvfrom(fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT, from.data(),
                                  &from.length);
      if (got < 0) return all;
      all.push_back({buffer.substr(0, static_cast<std::size_t>(got)), from.endpoint()});
    }
  }
  texts words() const {
    texts all;
    for (auto& each : received()) all.push_back(std::move(each.data));
    return all;
  }
};

/// Whose datagrams are gathered: a socket towards a remote.
struct source final : reply_source {
  void replied(const send_outcome& how) override {
    all.datagrams += how.datagrams;
    all.lost += how.lost;
    all.bytes += how.bytes;
    if (how.error) all.error = how.error;
  }

  unique_fd fd = test::udp_socket();
  send_outcome all;
};

class Replies : public testing::Test {
 protected:
  /// As if a remote had answered: it waits at the source's socket, then is gathered.
  void gather(source& by, const std::string& data, const client& to, int through,
              const own_address& from = {}) {
    test::send_datagram(remote.get(), data, test::address_of(by.fd.get()));
    error_code error;
    const auto got = gathered.receive(by.fd.get(), error);
    ASSERT_TRUE(got) << error.message();
    ASSERT_EQ(got->size(), data.size());
    gathered.add({through, &to.at, from, *got, &by});
  }

  net::poller poller{[this] { ++announced; }};
  int announced = 0;
  replies gathered{poller};
  unique_fd remote = test::udp_socket();
  unique_fd listener = test::udp_socket();
};

TEST_F(Replies, LeaveTogetherInTheNextTurn) {
  std::vector<client> clients(5);
  std::vector<source> sources(5);
  for (std::size_t i = 0; i < 5; ++i) {
    gather(sources[i], "answer " + std::to_string(i), clients[i], listener.get());
  }
  EXPECT_EQ(announced, 1) << "outside of a turn somebody has to be told";
  EXPECT_EQ(clients[0].words(), texts());
  EXPECT_EQ(sources[0].all.datagrams, 0U);
  EXPECT_TRUE(poller.turn(0us));
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(clients[i].received(),
              (std::vector<client::message>{
                  {"answer " + std::to_string(i), test::address_of(listener.get())}}));
    EXPECT_EQ(sources[i].all.datagrams, 1U);
    EXPECT_EQ(sources[i].all.bytes, 8U);
    EXPECT_EQ(sources[i].all.lost, 0U);
  }
  EXPECT_FALSE(poller.turn(0us)) << "all is done";
}

TEST_F(Replies, AreSentAtOnceWhenAsked) {
  const client asks;
  source by;
  gather(by, "x", asks, listener.get());
  gathered.flush();
  EXPECT_EQ(asks.words(), texts{"x"});
  EXPECT_FALSE(poller.has_work());
  gathered.flush();
  EXPECT_EQ(asks.words(), texts()) << "once";
}

TEST_F(Replies, AFullBatchDoesNotWait) {
  const client asks;
  source by;
  texts sent;
  for (std::size_t i = 0; i <= replies::batch; ++i) {
    sent.push_back(std::to_string(i));
    gather(by, sent.back(), asks, listener.get());
  }
  auto got = asks.words();
  EXPECT_EQ(got, texts(sent.begin(), sent.end() - 1));
  poller.turn(0us);
  EXPECT_EQ(asks.words(), texts{sent.back()});
  EXPECT_EQ(by.all.datagrams, replies::batch + 1);
}

TEST_F(Replies, TheLargestAndEmptyOnesArriveInOrder) {
  const client asks;
  source by;
  const texts sent{"",
                   test::pattern(datagrams::most_bytes),
                   "",
                   test::pattern(1400),
                   test::pattern(datagrams::most_bytes, 2),
                   "end"};
  for (const auto& each : sent) gather(by, each, asks, listener.get());
  poller.turn(0us);
  EXPECT_EQ(asks.words(), sent);
  EXPECT_EQ(by.all.datagrams, sent.size());
}

TEST_F(Replies, EachLeavesThroughItsOwnSocket) {
  const auto other = test::udp_socket();
  const client one;
  const client two;
  source by;
  std::vector<client::message> to_one;
  std::vector<client::message> to_two;
  for (int i = 0; i < 10; ++i) {  // mixed, so that they have to be sorted
    const auto& through = i % 2 == 0 ? listener : other;
    gather(by, std::to_string(i), i % 3 == 0 ? one : two, through.get());
    (i % 3 == 0 ? to_one : to_two).push_back({std::to_string(i), test::address_of(through.get())});
  }
  poller.turn(0us);
  const auto by_port = [](std::vector<client::message> all) {
    std::ranges::stable_sort(all, {}, [](const auto& each) { return each.from.port; });
    return all;
  };
  EXPECT_EQ(by_port(one.received()), by_port(to_one)) << "each socket's in order";
  EXPECT_EQ(by_port(two.received()), by_port(to_two));
}

TEST_F(Replies, LeaveFromTheAddressThatIsWanted) {
  const auto wildcard = test::udp_socket("0.0.0.0:0");
  const client asks;
  source by;
  for (const std::uint8_t last : {std::uint8_t{3}, std::uint8_t{9}}) {
    own_address from;
    from.bytes = {127, 0, 0, last};
    from.size = 4;
    gather(by, std::to_string(last), asks, wildcard.get(), from);
  }
  poller.turn(0us);
  const auto port = test::address_of(wildcard.get()).port;
  EXPECT_EQ(asks.received(),
            (std::vector<client::message>{{"3", {*ip_address::parse("127.0.0.3"), port}},
                                          {"9", {*ip_address::parse("127.0.0.9"), port}}}));
}

TEST_F(Replies, OneThatCannotLeaveIsItsSourcesLossOnly) {
  const client asks;
  client forbidden;  // nobody has asked for SO_BROADCAST
  forbidden.at = socket_address(*ip_endpoint::parse("255.255.255.255:9"));
  std::vector<source> sources(4);
  gather(sources[0], "first", asks, listener.get());
  gather(sources[1], "lost", forbidden, listener.get());
  gather(sources[2], "second", asks, listener.get());
  gather(sources[3], "lost too", forbidden, listener.get());
  poller.turn(0us);
  EXPECT_EQ(asks.words(), (texts{"first", "second"}));
  for (const std::size_t lost : {1U, 3U}) {
    EXPECT_EQ(sources[lost].all.lost, 1U);
    EXPECT_EQ(sources[lost].all.bytes, 0U);
    EXPECT_EQ(sources[lost].all.error.value(), EACCES);
  }
  for (const std::size_t sent : {0U, 2U}) {
    EXPECT_EQ(sources[sent].all.datagrams, 1U);
    EXPECT_FALSE(sources[sent].all.error);
  }
}

TEST_F(Replies, NothingWaitingIsNoError) {
  const auto quiet = test::udp_socket();
  error_code error;
  EXPECT_FALSE(gathered.receive(quiet.get(), error));
  EXPECT_FALSE(error);
  EXPECT_FALSE(gathered.receive(-1, error));
  EXPECT_EQ(error.value(), EBADF);
}

TEST_F(Replies, LeaveBehindThoseWhoGatherAndBeforeStreams) {
  const client asks;
  source by;
  test::counting_waiter stream;
  test::counting_waiter datagrams;
  net::watch socket(poller);
  ASSERT_FALSE(socket.attach_datagrams(test::udp_socket()));
  socket.notify(&datagrams);
  datagrams.then = [&] { gather(by, "x", asks, listener.get()); };
  texts seen_by_stream;
  stream.then = [&] { seen_by_stream = asks.words(); };
  test::send_datagram(remote.get(), "?", test::address_of(socket.fd()));
  poller.schedule(stream);  // before
  poller.turn(0us);
  EXPECT_EQ(datagrams.times, 1);
  EXPECT_EQ(seen_by_stream, texts{"x"});
}

}  // namespace
}  // namespace relay::pump
