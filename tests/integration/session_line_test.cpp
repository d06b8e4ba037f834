// What the lines about sessions say that only a running relay knows: ports of a range, times,
// totals.
#include "support/relay_bench.hpp"

#include <chrono>
#include <future>
#include <regex>

namespace relay::forward {
namespace {

using test::relay_bench;
using test::remote_bench;
using totals = std::vector<endpoint_totals>;

bool matches(const std::string& text, const std::string& pattern) {
  return std::regex_search(text, std::regex(pattern));
}

bool is_over(const relay_bench& b) {
  return test::wait_until([&] { return b.running->connections() == 0; });
}

totals add_up(relay_bench& b) {
  std::promise<totals> made;
  b.running->add_up([&made](totals all) { made.set_value(std::move(all)); });
  return made.get_future().get();
}

TEST(SessionLine, HasTheTimesOfConnectingAndOfTheFirstByte) {
  remote_bench b;
  b.start(logs::level::info);
  {
    const auto client = b.connect();
    const auto server = b.accept();
    test::send_all(server.get(), "hello");
    test::shut_write(server.get());
    EXPECT_EQ(test::read_to_end(client.get()), "hello");
  }
  ASSERT_TRUE(is_over(b));
  EXPECT_TRUE(matches(b.log_text(), R"( ms=\d+ connect_ms=\d+\.\d first_byte_ms=\d+\.\d end=)"))
      << b.log_text();
}

TEST(SessionLine, WithoutAnAnswerThereIsNoFirstByte) {
  remote_bench b;
  b.start(logs::level::info);
  {
    const auto client = b.connect();
    const auto server = b.accept();
    test::send_all(client.get(), "hello");
    test::shut_write(client.get());
    EXPECT_EQ(test::read_to_end(server.get()), "hello");
  }
  ASSERT_TRUE(is_over(b));
  EXPECT_TRUE(matches(b.log_text(), R"( ms=\d+ connect_ms=\d+\.\d end=client_eof)"))
      << b.log_text();
}

TEST(SessionLine, WithoutAConnectionThereIsNoTimeOfIt) {
  relay_bench b;
  b.add(test::refusing_address());
  b.start(logs::level::info);
  EXPECT_EQ(test::read_to_end(b.connect().get()), "");
  ASSERT_TRUE(is_over(b));
  EXPECT_TRUE(matches(b.log_text(), R"( ms=\d+ end=connect_failed error="connection refused")"))
      << b.log_text();
}

TEST(SessionLine, AClientThatWaitedForAPlaceSaysHowLong) {
  remote_bench b;
  b.settings.endpoints[0].max_connections = 1;
  b.start(logs::level::info);
  auto first = b.connect();
  auto served = b.accept();
  auto second = b.connect();
  ASSERT_TRUE(test::wait_until(
      [&] { return b.log_text().find("more clients wait") != std::string::npos; }));
  // Longer than the kernel's ticks, by which it counts how long the second is in its queue.
  const auto begun = std::chrono::steady_clock::now();
  ASSERT_TRUE(test::wait_until(
      [&] { return std::chrono::steady_clock::now() - begun > std::chrono::milliseconds(30); }));
  first = {};
  EXPECT_EQ(test::read_to_end(served.get()), "");
  served = {};
  auto next = b.accept();
  second = {};
  EXPECT_EQ(test::read_to_end(next.get()), "");
  next = {};
  ASSERT_TRUE(is_over(b));
  EXPECT_TRUE(matches(b.log_text(), R"(session done id=2 .* waited_ms=[1-9]\d+ connect_ms=)"))
      << b.log_text();
  EXPECT_FALSE(matches(b.log_text(), R"(session done id=1 .* waited_ms=)")) << b.log_text();
}

TEST(SessionLine, AStormHasSomeLinesAndACount) {
  relay_bench b;
  b.add(test::refusing_address());
  b.start(logs::level::info);
  constexpr std::size_t many = 3 * line_budget::per_second;
  for (std::size_t i = 0; i < many; ++i) EXPECT_EQ(test::read_to_end(b.connect().get()), "");
  ASSERT_TRUE(is_over(b));
  b.running->stop();  // what is owed is told
  const auto text = b.log_text();
  std::size_t lines = 0;
  for (auto at = text.find("session done"); at != text.npos; at = text.find("session done", at + 1))
    ++lines;
  std::size_t left_out = 0;
  const std::regex count(R"(\](\d+) more sessions ended)");
  for (std::sregex_iterator at(text.begin(), text.end(), count), none; at != none; ++at)
    left_out += std::stoul((*at)[1]);
  EXPECT_EQ(lines + left_out, many);
}

TEST(SessionLine, ErrorsSayWhereTheirClientCameInUnderOurNameOnly) {
  for (const auto rules : {config::dialect::relay, config::dialect::realm}) {
    relay_bench b;
    b.settings.rules = rules;
    const auto gone = test::refusing_address();
    b.add(gone);
    b.start(logs::level::warn);
    EXPECT_EQ(test::read_to_end(b.connect().get()), "");
    ASSERT_TRUE(is_over(b));
    const auto on = rules == config::dialect::realm
                        ? std::string()
                        : " (on " + b.running->bound(0)->to_string() + ')';
    const auto text = b.log_text();
    const auto to = gone.to_string();
    const auto tried = rules == config::dialect::realm
                           ? to + " as " + to + ": connecting: connection refused, try next ip"
                           : to + ": connection refused";  // there is no next one
    EXPECT_NE(text.find("[WARN][tcp]connect to " + tried + on + '\n'), text.npos) << text;
    EXPECT_NE(text.find(" => " + to + ", error: connecting: connection refused" + on + '\n'),
              text.npos)
        << text;
  }
}

// A name is ours: the lines that realm has stay as they are.
TEST(SessionLine, EndpointsAreCalledByTheirNamesUnderOurNameOnly) {
  for (const auto rules : {config::dialect::relay, config::dialect::realm}) {
    relay_bench b;
    b.settings.rules = rules;
    b.add(test::refusing_address());
    b.settings.endpoints[0].name = "web";
    b.start(logs::level::debug);
    EXPECT_EQ(test::read_to_end(b.connect().get()), "");
    ASSERT_TRUE(is_over(b));
    const auto at = b.running->bound(0)->to_string();
    const auto text = b.log_text();
    const bool is_ours = rules == config::dialect::relay;
    EXPECT_EQ(text.find(" (on " + at + " (web))\n") != text.npos, is_ours) << text;
    EXPECT_EQ(text.find(" listen=" + at + " name=web remote=") != text.npos, is_ours) << text;
    EXPECT_EQ(text.find("web") != text.npos, is_ours) << text;
  }
}

TEST(SessionLine, OnlyAnAddressThatIsFollowedByAnotherPromisesIt) {
  for (const auto rules : {config::dialect::relay, config::dialect::realm}) {
    relay_bench b;
    b.settings.rules = rules;
    b.options.names.hosts = b.folder.file("hosts", "127.0.0.2 two\n127.0.0.3 two\n127.0.0.2 one\n");
    b.options.names.resolv_conf = b.folder.file("resolv.conf", "");
    const auto gone = test::refusing_address().port;
    b.add(test::named("two", gone));
    b.add(test::named("one", gone));
    b.start(logs::level::warn);
    EXPECT_EQ(test::read_to_end(b.connect(0).get()), "");
    EXPECT_EQ(test::read_to_end(b.connect(1).get()), "");
    ASSERT_TRUE(is_over(b));
    const auto text = b.log_text();
    const auto says = [&](const std::string& name, const std::string& address,
                          const std::string& then) {
      const auto port = ':' + std::to_string(gone);
      return text.find("connect to " + name + port + " as " + address + port +
                       ": connecting: connection refused, " + then) != text.npos;
    };
    const std::string last =
        rules == config::dialect::realm ? "try next ip" : "no other address (on ";
    EXPECT_TRUE(says("two", "127.0.0.2", "try next ip")) << text;
    EXPECT_TRUE(says("two", "127.0.0.3", last)) << text;
    EXPECT_TRUE(says("one", "127.0.0.2", last)) << text;
  }
}

// Two sites with one remote are two kinds of errors.
TEST(SessionLine, AStormIsCountedByListener) {
  relay_bench b;
  const auto gone = test::refusing_address();
  b.add(gone);
  b.add(gone);
  b.start(logs::level::error);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(test::read_to_end(b.connect(0).get()), "");
    EXPECT_EQ(test::read_to_end(b.connect(1).get()), "");
  }
  ASSERT_TRUE(is_over(b));
  b.running->stop();
  for (std::size_t i = 0; i < 2; ++i) {
    const auto line = b.running->bound(i)->to_string() + " => " + gone.to_string() +
                      ": connecting: connection refused: 2 more times";
    EXPECT_NE(b.log_text().find(line), std::string::npos) << line << b.log_text();
  }
}

TEST(Totals, AreOfWhatLivesAndOfWhatHasEnded) {
  remote_bench b;
  b.add(test::refusing_address());
  b.start(logs::level::off);
  for (int i = 0; i < 2; ++i) {  // one stays
    const auto client = b.connect();
    const auto server = b.accept();
    test::send_all(client.get(), "abc");
    test::shut_write(client.get());
    EXPECT_EQ(test::read_to_end(server.get()), "abc");
  }
  ASSERT_TRUE(is_over(b));
  const auto client = b.connect();
  const auto server = b.accept();
  test::send_all(client.get(), "12345");
  EXPECT_EQ(test::read_exactly(server.get(), 5), "12345");
  EXPECT_EQ(test::read_to_end(b.connect(1).get()), "");
  ASSERT_TRUE(test::wait_until([&] { return b.running->connections() == 1; }));

  const auto all = add_up(b);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].listen, b.running->bound(0)->to_string());
  EXPECT_EQ(all[0].live.connections, 1U);
  EXPECT_EQ(all[0].connections, 3U);
  EXPECT_EQ(all[0].up_bytes, 11U) << "the bytes of the one that lives are there, too";
  EXPECT_EQ(all[0].down_bytes, 0U);
  EXPECT_EQ(all[0].ended[static_cast<std::size_t>(forward::end_reason::client_eof)], 2U);
  EXPECT_TRUE(all[0].errors.empty());
  EXPECT_EQ(all[1].live.connections, 0U);
  EXPECT_EQ(all[1].ended[static_cast<std::size_t>(forward::end_reason::connect_failed)], 1U);
  const std::vector<error_counts::kind> refused{{"connecting/connection_refused", 1}};
  EXPECT_EQ(all[1].errors, refused) << "also when nothing is logged";
}

TEST(Totals, CountAssociationsAndTheirDatagrams) {
  relay_bench b;
  const auto remote = test::udp_socket();
  auto& made = b.add(test::address_of(remote.get()));
  made.network.no_tcp = made.network.use_udp = true;
  b.start(logs::level::off);
  const auto client = test::udp_socket();
  test::send_datagram(client.get(), "abc", *b.running->bound(0));
  ASSERT_TRUE(test::wait_until([&] { return add_up(b)[0].up_datagrams == 1; }));
  const auto all = add_up(b);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_FALSE(all[0].streams);
  EXPECT_TRUE(all[0].datagrams);
  EXPECT_EQ(all[0].live.associations, 1U);
  EXPECT_EQ(all[0].associations, 1U);
  EXPECT_EQ(all[0].up_bytes, 3U);
}

}  // namespace
}  // namespace relay::forward
