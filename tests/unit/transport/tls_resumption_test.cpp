#include "support/layer_bench.hpp"
#include "support/tls_bench.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <thread>

namespace relay::transport {
namespace {

using test::read_from;
using test::tls_bench;
using test::tls_link;
using test::write_to;

struct meeting : tls_bench {
  std::shared_ptr<tls_server> accepting = server();
  std::shared_ptr<tls_client> dialling = client();

  /// One connection; whether it was resumed on both sides.
  bool resumes(const ip_endpoint& at = test::some_remote, int version = TLS1_3_VERSION,
               bool reads = true) {
    auto handle = dialling->open(at);
    SSL_set_max_proto_version(handle.get(), version);
    tls_link link(*this, std::move(handle), accepting->open());
    EXPECT_TRUE(link.shake()) << link.client_result.ec.message();
    if (reads) {
      EXPECT_TRUE(write_to(*this, link.server, "x"));
      EXPECT_EQ(read_from(*this, link.client, 1), "x");
    }
    EXPECT_EQ(link.client.was_resumed(), link.server.was_resumed());
    return link.client.was_resumed();
  }
};

TEST(TlsResumption, TheSecondConnectionResumesTheFirst) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    meeting b;
    EXPECT_FALSE(b.resumes(test::some_remote, version));
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(b.resumes(test::some_remote, version)) << i;
  }
}

TEST(TlsResumption, ATicketIsTakenWheneverItComes) {
  meeting b;
  EXPECT_FALSE(b.resumes(test::some_remote, TLS1_3_VERSION, false));
  EXPECT_FALSE(b.resumes()) << "nothing was written, so there was no ticket";
  tls_link link(b, *b.dialling, *b.accepting);
  ASSERT_TRUE(link.shake());
  ASSERT_TRUE(write_to(b, link.server, "a"));
  ASSERT_EQ(read_from(b, link.client, 1), "a");
  ASSERT_EQ(SSL_new_session_ticket(link.server_ssl), 1);  // in the middle of the data
  ASSERT_TRUE(write_to(b, link.server, "b"));
  EXPECT_EQ(read_from(b, link.client, 1), "b");
  EXPECT_TRUE(b.resumes());
}

// A client that only writes never reads one: closing with it unread would be a reset.
TEST(TlsResumption, ATicketLeavesWithTheFirstPayload) {
  meeting b;
  for (const bool resumed : {false, true}) {
    tls_link link(b, *b.dialling, *b.accepting);
    ASSERT_TRUE(link.shake());
    EXPECT_EQ(link.client.was_resumed(), resumed);
    const auto unread = [&] { return test::waiting_at(link.client_below.socket().fd()); };
    ASSERT_TRUE(write_to(b, link.client, "a long log"));
    EXPECT_EQ(read_from(b, link.server, 10), "a long log");
    EXPECT_EQ(unread(), 0);
    ASSERT_TRUE(write_to(b, link.server, "x"));
    EXPECT_EQ(read_from(b, link.client, 1), "x");
    ASSERT_TRUE(write_to(b, link.server, "y"));
    ASSERT_TRUE(test::turn_until(b.poller, [&] { return unread() > 0; }));
    EXPECT_EQ(unread(), 5 + 1 + 1 + 16) << "there was one ticket, and it is not repeated";
    EXPECT_EQ(read_from(b, link.client, 1), "y");
  }
}

TEST(TlsResumption, AConnectionThatWasCutOffSpoilsNothing) {
  meeting b;
  b.resumes();
  {
    tls_link link(b, *b.dialling, *b.accepting);
    ASSERT_TRUE(link.shake());
    EXPECT_TRUE(link.client.was_resumed());
    test::send_all(link.server_below.socket().fd(), "no TLS at all, and more than a header");
    io_result last;
    read_from(b, link.client, 0, &last);
    EXPECT_EQ(last.what, io::failed);
  }
  EXPECT_TRUE(b.resumes());
}

TEST(TlsResumption, RemotesHaveTicketsOfTheirOwn) {
  meeting b;
  const auto at = [](int n) {
    return *ip_endpoint::parse("192.0.2." + std::to_string(n) + ":443");
  };
  EXPECT_FALSE(b.resumes(at(1)));
  EXPECT_FALSE(b.resumes(at(2)));
  EXPECT_TRUE(b.resumes(at(1)));
  EXPECT_TRUE(b.resumes(at(2)));
  for (int i = 3; i < 19; ++i) EXPECT_FALSE(b.resumes(at(i)));
  EXPECT_FALSE(b.resumes(at(1))) << "the store is bounded, and it was the one used longest ago";
  EXPECT_TRUE(b.resumes(at(18)));
}

TEST(TlsResumption, AServerThatForgotIsGreetedInFull) {
  meeting b;
  b.resumes();
  b.accepting = b.server();  // another certificate, other keys of tickets
  EXPECT_FALSE(b.resumes());
  EXPECT_TRUE(b.resumes());
}

TEST(TlsResumption, SeveralWorkersShareOneStore) {
  meeting b;
  b.resumes();
  std::vector<std::thread> workers;
  std::atomic<int> resumed = 0;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&] {
      tls_bench own;  // a poller and an engine of its own
      for (int round = 0; round < 25; ++round) {
        tls_link link(own, *b.dialling, *b.accepting);
        EXPECT_TRUE(link.shake());
        EXPECT_TRUE(write_to(own, link.server, "x"));
        EXPECT_EQ(read_from(own, link.client, 1), "x");
        resumed += link.client.was_resumed() ? 1 : 0;
      }
    });
  }
  for (auto& each : workers) each.join();
  EXPECT_EQ(resumed, 100);
}

}  // namespace
}  // namespace relay::transport
