#include "support/relay_bench.hpp"

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/wait.h>

#include <atomic>
#include <thread>

namespace relay::forward {
namespace {

using namespace std::chrono_literals;
using forward::end_reason;
using test::relay_bench;

TEST(Server, CarriesBothWaysAndCountsEveryByte) {
  for (const auto* host : {"127.0.0.1", "::1"}) {
    relay_bench b;
    const auto remote = test::listen_any(host);
    b.add(test::address_of(remote.get()));
    b.start();
    const auto client = b.connect();
    const auto server = test::accept_one(remote.get());
    const auto up = test::pattern(3'000'000, 1);
    const auto down = test::pattern(5'000'000, 2);
    std::thread sender([&] { test::send_all(client.get(), up), test::shut_write(client.get()); });
    std::thread answerer(
        [&] { test::send_all(server.get(), down), test::shut_write(server.get()); });
    std::string got_up;
    std::thread reader([&] { got_up = test::read_to_end(server.get()); });
    EXPECT_EQ(test::read_to_end(client.get()), down);
    sender.join();
    answerer.join();
    reader.join();
    EXPECT_EQ(got_up, up);
    ASSERT_TRUE(test::wait_until([&] { return b.running->connections() == 0; }));
    EXPECT_EQ(b.running->count(0).up_bytes, up.size());
    EXPECT_EQ(b.running->count(0).down_bytes, down.size());
  }
}

TEST(Server, DeliversAnAnswerThatComesAfterTheClientsEnd) {
  relay_bench b;
  const auto remote = test::listen_any();
  b.add(test::address_of(remote.get()));
  b.start();
  const auto client = b.connect();
  const auto server = test::accept_one(remote.get());
  test::send_all(client.get(), "question");
  test::shut_write(client.get());
  EXPECT_EQ(test::read_to_end(server.get()), "question");
  test::send_all(server.get(), "answer");
  test::shut_write(server.get());
  EXPECT_EQ(test::read_to_end(client.get()), "answer");
  EXPECT_TRUE(test::wait_until([&] { return b.ended(end_reason::client_eof) == 1; }));
}

TEST(Server, WithoutHalfCloseTheFirstEndClosesBoth) {
  relay_bench b;
  const auto remote = test::listen_any();
  b.add(test::address_of(remote.get())).network.half_close_timeout = 0ms;
  b.start();
  const auto client = b.connect();
  const auto server = test::accept_one(remote.get());
  test::shut_write(client.get());
  EXPECT_EQ(test::read_to_end(server.get()), "");
  EXPECT_EQ(test::read_to_end(client.get()), "");
}

TEST(Server, PassesResetsOnInBothDirections) {
  relay_bench b;
  const auto remote = test::listen_any();
  b.add(test::address_of(remote.get()));
  b.start();
  auto client = b.connect();
  auto server = test::accept_one(remote.get());
  test::reset(std::move(client));
  EXPECT_TRUE(test::sees_reset(server.get()));
  client = b.connect();
  server = test::accept_one(remote.get());
  test::reset(std::move(server));
  EXPECT_TRUE(test::sees_reset(client.get()));
  EXPECT_TRUE(test::wait_until([&] {
    return b.ended(end_reason::reset_by_client) == 1 && b.ended(end_reason::reset_by_remote) == 1;
  }));
}

TEST(Server, ClosesTheClientWhenTheRemoteRefuses) {
  relay_bench b;
  b.add(test::refusing_address());
  b.start();
  const auto client = b.connect();
  EXPECT_EQ(test::read_to_end(client.get()), "");
  EXPECT_TRUE(test::wait_until([&] { return b.ended(end_reason::connect_failed) == 1; }));
  EXPECT_NE(b.log_text().find("connection refused"), std::string::npos);
}

TEST(Server, GivesUpOnASilentRemoteAfterTheShorterLimit) {
  const test::black_hole nowhere;
  for (const bool whole : {false, true}) {
    relay_bench b;
    auto& network = b.add(nowhere.address()).network;
    (whole ? network.connect_limit : network.tcp_timeout) = 200ms;
    b.start();
    const auto client = b.connect();
    EXPECT_EQ(test::read_to_end(client.get()), "");
    EXPECT_TRUE(test::wait_until([&] { return b.ended(end_reason::connect_failed) == 1; }));
  }
}

TEST(Server, GoesOnToTheNextAddressOfAName) {
  relay_bench b;
  const auto remote = test::listen_any("127.0.0.3");
  const auto port = test::address_of(remote.get()).port;
  b.options.names.hosts = b.folder.file("hosts", "127.0.0.2 several\n127.0.0.3 several\n");
  b.options.names.resolv_conf = b.folder.file("resolv.conf", "");
  b.add(test::named("several", port));
  b.start();
  const auto client = b.connect();
  const auto server = test::accept_one(remote.get());
  test::send_all(client.get(), "hello");
  EXPECT_EQ(test::read_exactly(server.get(), 5), "hello");
  EXPECT_NE(b.log_text().find("as 127.0.0.2:" + std::to_string(port)), std::string::npos);
  EXPECT_NE(b.log_text().find("try next ip"), std::string::npos);
}

TEST(Server, FindsAKnownNameWithoutAsking) {
  relay_bench b;
  const auto remote = test::listen_any("127.0.0.4");
  b.options.names.hosts = b.folder.file("hosts", "127.0.0.4 alone\n");
  b.options.names.resolv_conf = b.folder.file("resolv.conf", "");
  b.add(test::named("alone", test::address_of(remote.get()).port));
  b.start();
  const auto client = b.connect();
  EXPECT_TRUE(test::accept_one(remote.get()));
}

TEST(Server, SkipsAddressesOfAnotherFamilyThanThrough) {
  relay_bench b;
  const auto remote = test::listen_any("127.0.0.1");
  const auto port = test::address_of(remote.get()).port;
  b.options.names.hosts = b.folder.file("hosts", "::1 both\n127.0.0.1 both\n");
  b.options.names.resolv_conf = b.folder.file("resolv.conf", "");
  b.settings.dns.mode = config::dns_mode::ipv6_then_ipv4;
  b.add(test::named("both", port)).through = test::literal(*ip_endpoint::parse("127.0.0.9:0"));
  b.start();
  const auto client = b.connect();
  // With ipv6_then_ipv4 only ::1 is found, so there is nothing to connect from 127.0.0.9 to.
  EXPECT_EQ(test::read_to_end(client.get()), "");
  EXPECT_NE(b.log_text().find("family"), std::string::npos);
}

TEST(Server, BindsOutgoingConnectionsToThrough) {
  relay_bench b;
  const auto remote = test::listen_any();
  b.add(test::address_of(remote.get())).through = test::literal(*ip_endpoint::parse("127.0.0.9:0"));
  b.start();
  const auto client = b.connect();
  const auto server = test::accept_one(remote.get());
  socket_address peer;
  ASSERT_EQ(::getpeername(server.get(), peer.data(), &peer.length), 0);
  EXPECT_EQ(peer.endpoint().address.to_string(), "127.0.0.9");
}

TEST(Server, SaysWhichListenersFailedAndServesTheOthers) {
  relay_bench b;
  const auto remote = test::listen_any();
  b.add(test::address_of(remote.get()));
  b.add(test::address_of(remote.get())).listen = test::literal(test::address_of(remote.get()));
  b.add(test::address_of(remote.get())).listen = test::named("no such name", 1);
  b.add(test::address_of(remote.get())).through = test::named("no such name", 1);
  b.start();
  ASSERT_EQ(b.failures.size(), 3U);
  EXPECT_EQ(b.failures[0].endpoint, 1U);
  EXPECT_NE(b.failures[0].message.find("address already in use"), std::string::npos);
  EXPECT_NE(b.failures[1].message.find("no such name"), std::string::npos);
  EXPECT_NE(b.failures[2].message.find("through"), std::string::npos);
  const auto client = b.connect();
  EXPECT_TRUE(test::accept_one(remote.get()));
}

TEST(Server, ListensOnEveryAddressForAStar) {
  relay_bench b;
  const auto remote = test::listen_any();
  b.add(test::address_of(remote.get())).listen = {"", std::nullopt, {0, 0}};
  b.start();
  ASSERT_TRUE(b.failures.empty());
  const auto port = b.running->bound(0)->port;
  for (const auto* host : {"127.0.0.1", "::1"}) {
    EXPECT_TRUE(test::connect_to({*ip_address::parse(host), port}));
    EXPECT_TRUE(test::accept_one(remote.get()));
  }
}

TEST(Server, SpreadsConnectionsOverTheWorkers) {
  relay_bench b(4);
  const auto remote = test::listen_any();
  b.add(test::address_of(remote.get()));
  b.start();
  std::vector<unique_fd> open;
  for (int i = 0; i < 12; ++i) {
    open.push_back(b.connect());
    open.push_back(test::accept_one(remote.get()));
  }
  const auto loads = b.running->loads();
  for (const auto load : loads) EXPECT_EQ(load, 3U);
}

TEST(Server, DrainsAndThenStops) {
  relay_bench b;
  const auto remote = test::listen_any();
  // Those who come in while it is closing the door leave again, and nobody answers them.
  b.add(test::address_of(remote.get())).network.half_close_timeout = 0ms;
  b.start();
  const auto client = b.connect();
  const auto server = test::accept_one(remote.get());
  std::atomic<bool> drained = false;
  b.running->drain([&] { drained = true; });
  ASSERT_TRUE(test::wait_until([&] {
    try {
      return b.connect().get() < 0;
    } catch (const std::exception&) {
      return true;
    }
  })) << "nobody new comes in";
  EXPECT_FALSE(drained);
  test::send_all(client.get(), "still");
  EXPECT_EQ(test::read_exactly(server.get(), 5), "still");
  test::shut_write(client.get());
  test::shut_write(server.get());
  EXPECT_TRUE(test::wait_until([&] { return drained.load(); }));
}

TEST(Server, DrainsAtOnceWhenNobodyIsThere) {
  relay_bench b;
  b.add(test::refusing_address());
  b.start();
  std::atomic<bool> drained = false;
  b.running->drain([&] { drained = true; });
  EXPECT_TRUE(test::wait_until([&] { return drained.load(); }));
}

TEST(Server, StopEndsLiveAndDiallingSessionsAsResets) {
  relay_bench b;
  const auto remote = test::listen_any();
  const test::black_hole nowhere;
  b.options.names.hosts = b.folder.file("hosts", nowhere.address().address.to_string() + " hole\n");
  b.add(test::address_of(remote.get()));
  b.add(nowhere.address());
  b.add(test::named("hole", nowhere.address().port));
  b.start();
  const auto live = b.connect(0);
  const auto server = test::accept_one(remote.get());
  const auto dialling = b.connect(1);
  const auto dialling_by_name = b.connect(2);
  // A place is taken before somebody is accepted, so connections() says too much.
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(test::wait_until([&] { return b.running->count(i).accepted == 1; }));
  }
  b.running->stop();
  EXPECT_TRUE(test::sees_reset(live.get()));
  EXPECT_TRUE(test::sees_reset(server.get()));
  EXPECT_TRUE(test::sees_reset(dialling.get()));
  EXPECT_TRUE(test::sees_reset(dialling_by_name.get()));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(b.ended(end_reason::shutdown, i), 1U) << i;
}

/// What the log says of one session, with the addresses of its three ends.
struct told {
  std::string text, from, at, to;
  bool has(const std::string& part) const { return text.find(part) != std::string::npos; }
};

told tell_of_a_session(config::dialect rules, logs::level level) {
  relay_bench b;
  b.settings.rules = rules;
  const auto remote = test::listen_any();
  const auto to = test::address_of(remote.get()).to_string();
  b.add(test::address_of(remote.get()));
  b.start(level);
  std::string from;
  {
    const auto client = b.connect();
    from = test::address_of(client.get()).to_string();
    const auto server = test::accept_one(remote.get());
    test::send_all(client.get(), "abc");
    test::shut_write(client.get());
    test::read_to_end(server.get());
  }
  EXPECT_TRUE(test::wait_until([&] { return b.running->connections() == 0; }));
  return {b.log_text(), from, b.running->bound(0)->to_string(), to};
}

std::string session_done(const told& of) {
  return "session done id=1 client=" + of.from + " listen=" + of.at + " remote=" + of.to +
         " up=3 down=0 ms=";
}

TEST(Server, ASessionHasOneLineAtInfoAndItsStepsAtDebug) {
  const auto all = tell_of_a_session(config::dialect::relay, logs::level::debug);
  EXPECT_TRUE(all.has("[relay::session][INFO]" + session_done(all))) << all.text;
  EXPECT_TRUE(all.has(" end=client_eof\n")) << all.text;
  const auto step = "[tcp]" + all.from + " => " + all.to + " as " + all.to;
  EXPECT_TRUE(all.has("[realm_core::tcp::middle][DEBUG]" + step)) << all.text;
  const auto line = tell_of_a_session(config::dialect::relay, logs::level::info);
  EXPECT_TRUE(line.has(session_done(line))) << line.text;
  EXPECT_FALSE(line.has("realm_core")) << line.text;
  EXPECT_EQ(tell_of_a_session(config::dialect::relay, logs::level::warn).text, "");
}

TEST(Server, UnderRealmsNameItIsRealmsLineThatIsAtInfo) {
  const auto all = tell_of_a_session(config::dialect::realm, logs::level::debug);
  EXPECT_TRUE(all.has("[relay::session][DEBUG]" + session_done(all))) << all.text;
  const auto step = "[tcp]" + all.from + " => " + all.to + " as " + all.to;
  EXPECT_TRUE(all.has("[realm_core::tcp::middle][INFO]" + step)) << all.text;
  const auto line = tell_of_a_session(config::dialect::realm, logs::level::info);
  EXPECT_FALSE(line.has("session done")) << line.text;
}

TEST(Server, SaysThatItsThreadsCannotBeStarted) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "ASan itself needs more memory than the test leaves";
#endif
  const pid_t child = ::fork();
  if (child == 0) {  // its limit on memory is its own
    const rlimit tight{std::size_t{256} << 20, std::size_t{256} << 20};
    ::setrlimit(RLIMIT_AS, &tight);
    int code = 1;
    try {
      relay_bench b(300);
      b.add(test::refusing_address());
      b.start();
    } catch (const std::exception&) {
      code = 0;
    }
    ::_exit(code);
  }
  int status = -1;
  ASSERT_TRUE(test::wait_until([&] { return ::waitpid(child, &status, WNOHANG) == child; }));
  EXPECT_EQ(status, 0);
}

TEST(Server, AStormOfErrorsBecomesOneLineAndACount) {
  relay_bench b;
  b.add(test::refusing_address());
  b.start();
  for (int i = 0; i < 50; ++i) {
    const auto client = b.connect();
    EXPECT_EQ(test::read_to_end(client.get()), "");
  }
  b.running->stop();  // what was held back is not lost
  const auto text = b.log_text();
  std::size_t lines = 0;
  for (auto at = text.find("[ERROR]"); at != std::string::npos; at = text.find("[ERROR]", at + 1)) {
    ++lines;
  }
  EXPECT_EQ(lines, 2U) << text;
  EXPECT_NE(text.find("connection refused: 49 more times"), std::string::npos) << text;
}

}  // namespace
}  // namespace relay::forward
