// What the resolver does when name servers say no, lie, are slow or are silent.
#include "unit/names/resolver_fixture.hpp"

#include <ares.h>
#include <gtest/gtest.h>

namespace relay::test {
namespace {

using texts = std::vector<std::string>;
using config::dns_mode;

std::vector<bytes> one(const dns_response& message) {
  return std::vector<bytes>(1, message.as_bytes());
}
std::vector<bytes> silence(const dns_query&) { return {}; }

class ResolverFailures : public ResolverTest {
 protected:
  ResolverFailures() { dns_.mode = dns_mode::ipv4_only; }

  /// Answers with one address until told to fail.
  name_server::script until_broken() {
    return [this](const dns_query& query) {
      if (silent_) return std::vector<bytes>();
      dns_response made(query, rcode_);
      if (rcode_ == 0) made.address("192.0.2." + std::to_string(host_), 30);
      return one(made);
    };
  }

  std::atomic<bool> silent_{false};
  std::atomic<int> rcode_{0};
  std::atomic<int> host_{1};
};

TEST_F(ResolverFailures, NoSuchNameIsRememberedAsLongAsTheSoaSays) {
  name_server server(
      [](const dns_query& query) { return one(dns_response(query, 3).soa(60, 20)); });
  ask(server);
  EXPECT_EQ(lookup("gone.test"), error(errc::no_such_name));
  clock_.advance(19s);
  EXPECT_EQ(cached("gone.test"), error(errc::no_such_name));
  EXPECT_EQ(lookup("gone.test"), error(errc::no_such_name));
  EXPECT_EQ(server.asked(), 1);
  clock_.advance(1s);
  EXPECT_EQ(cached("gone.test"), (texts{"nothing"}));
}

TEST_F(ResolverFailures, NoAddressIsRememberedAsLongAsTheSoaSays) {
  name_server server([](const dns_query& query) { return one(dns_response(query).soa(15, 60)); });
  ask(server);
  EXPECT_EQ(lookup("empty.test"), error(errc::no_address));
  clock_.advance(14s);
  EXPECT_EQ(cached("empty.test"), error(errc::no_address));
  clock_.advance(1s);
  EXPECT_EQ(cached("empty.test"), (texts{"nothing"}));
}

TEST_F(ResolverFailures, AFailureIsRememberedForASecond) {
  name_server server([](const dns_query& query) { return one(dns_response(query, 2)); });
  ask(server);
  EXPECT_EQ(lookup("broken.test"), error(errc::lookup_failed));
  const auto asked = server.asked();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(lookup("broken.test"), error(errc::lookup_failed));
  EXPECT_EQ(server.asked(), asked) << "no storm of queries";
  clock_.advance(1s);
  lookup("broken.test");
  EXPECT_GT(server.asked(), asked);
}

TEST_F(ResolverFailures, SilenceEndsByItself) {
  name_server server(silence);
  ask(server);
  around_.try_timeout = 20ms;
  EXPECT_EQ(lookup("name.test"), error(errc::timed_out));
}

TEST_F(ResolverFailures, ManySilentServersDoNotMakeItLonger) {
  name_server server(silence);
  for (int i = 0; i < 5; ++i) ask(server);
  around_.try_timeout = 2000ms;
  around_.total = 100ms;
  EXPECT_EQ(lookup("name.test"), error(errc::timed_out));
}

TEST_F(ResolverFailures, AServerThatIsNotThereIsAnError) {
  auto gone = std::make_unique<name_server>(silence);
  ask(*gone);
  gone.reset();
  around_.try_timeout = 50ms;
  EXPECT_EQ(lookup("name.test"), error(errc::lookup_failed));
}

TEST_F(ResolverFailures, LiesAreNotBelieved) {
  name_server server([](const dns_query& query) {
    auto other = query;
    other.name = "evil.test";
    std::vector<bytes> made;
    // c-ares 1.34 has a server fail that sends what is no message at all.
    if (ARES_VERSION < 0x011400) {
      made.push_back(bytes{1, 2, 3});
      made.push_back(bytes(40, 0xff));
    }
    made.push_back(dns_response(query).id(query.id ^ 1).address("198.51.100.1", 60).as_bytes());
    made.push_back(dns_response(other).address("198.51.100.2", 60).as_bytes());
    made.push_back(dns_response(query).address("192.0.2.1", 60).as_bytes());
    return made;
  });
  ask(server);
  EXPECT_EQ(lookup("name.test"), (texts{"192.0.2.1"}));
}

TEST_F(ResolverFailures, OnlyGarbageIsAFailure) {
  name_server server([](const dns_query& query) {
    auto message = dns_response(query).address("192.0.2.1", 60).as_bytes();
    message.resize(message.size() - 3);
    return std::vector<bytes>(1, message);
  });
  ask(server);
  around_.try_timeout = 20ms;
  EXPECT_EQ(lookup("name.test"), error(errc::lookup_failed));
}

TEST_F(ResolverFailures, AnExpiredAnswerServesWhenTheNameServersFail) {
  name_server server(until_broken());
  ask(server);
  EXPECT_EQ(lookup("name.test"), (texts{"192.0.2.1"}));
  rcode_ = 2;
  clock_.advance(31s);
  EXPECT_EQ(cached("name.test"), (texts{"nothing"}));
  EXPECT_EQ(lookup("name.test"), (texts{"192.0.2.1"}));
  EXPECT_EQ(warnings(), 1);
}

TEST_F(ResolverFailures, ANameThatHasMovedIsFoundPastItsTtl) {
  name_server server(until_broken());
  ask(server);
  lookup("name.test");
  host_ = 2;
  EXPECT_EQ(lookup_anew("name.test"), (texts{"192.0.2.1"})) << "it was asked for just now";
  EXPECT_EQ(server.asked(), 1);
  clock_.advance(1s);
  EXPECT_EQ(lookup_anew("name.test"), (texts{"192.0.2.2"}));
  EXPECT_EQ(cached("name.test"), (texts{"192.0.2.2"}));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(lookup_anew("name.test"), (texts{"192.0.2.2"}));
  EXPECT_EQ(server.asked(), 2);
}

TEST_F(ResolverFailures, AskingAnewLeavesTheOldAnswerWhenNobodyAnswers) {
  name_server server(until_broken());
  ask(server);
  around_.slow = 20ms;
  lookup("name.test");
  clock_.advance(1s);
  rcode_ = 2;
  EXPECT_EQ(lookup_anew("name.test"), (texts{"192.0.2.1"}));
  clock_.advance(1s);
  silent_ = true;
  EXPECT_EQ(lookup_anew("name.test"), (texts{"192.0.2.1"})) << "after a moment";
  EXPECT_EQ(warnings(), 0) << "that answer has not expired";
}

TEST_F(ResolverFailures, WhoDoesNotWaitFindsTheNewAnswerLater) {
  name_server server(until_broken());
  ask(server);
  lookup("name.test");
  host_ = 2;
  resolver().refresh("Name.Test", 0);
  EXPECT_EQ(server.asked(), 1) << "not within a second";
  clock_.advance(1s);
  resolver().refresh("Name.Test", 0);
  resolver().refresh("name.test", 0);
  const auto limit = std::chrono::steady_clock::now() + 5s;
  while (cached("name.test") != texts{"192.0.2.2"} && std::chrono::steady_clock::now() < limit) {
    loop_.restart();
    loop_.run_for(1ms);
  }
  EXPECT_EQ(cached("name.test"), (texts{"192.0.2.2"}));
  EXPECT_EQ(server.asked(), 2);
}

TEST_F(ResolverFailures, WithoutACacheNothingIsAskedTwice) {
  dns_.cache_size = 0;
  name_server server(until_broken());
  ask(server);
  lookup("name.test");
  EXPECT_EQ(lookup_anew("name.test"), error(errc::lookup_failed));
  resolver().refresh("name.test", 0);
  EXPECT_EQ(server.asked(), 1);
}

TEST_F(ResolverFailures, AfterAFailedRenewalNobodyIsAskedForAWhile) {
  name_server server(until_broken());
  ask(server);
  lookup("name.test");
  rcode_ = 2;
  clock_.advance(31s);
  lookup("name.test");
  const auto asked = server.asked();
  EXPECT_EQ(cached("name.test"), (texts{"192.0.2.1"})) << "at once";
  EXPECT_EQ(lookup("name.test"), (texts{"192.0.2.1"}));
  clock_.advance(4s);
  EXPECT_EQ(lookup("name.test"), (texts{"192.0.2.1"}));
  EXPECT_EQ(server.asked(), asked);
  clock_.advance(1s);
  EXPECT_EQ(lookup("name.test"), (texts{"192.0.2.1"})) << "at once, asking meanwhile";
  EXPECT_TRUE(server.wait_for(asked + 1));
  EXPECT_EQ(warnings(), 1) << "an episode is announced once";
}

TEST_F(ResolverFailures, AnExpiredAnswerServesWhileTheNameServersAreSlow) {
  name_server server(until_broken());
  ask(server);
  around_.slow = 20ms;
  lookup("name.test");
  host_ = 2;
  server.hold();
  clock_.advance(31s);
  EXPECT_EQ(lookup("name.test"), (texts{"192.0.2.1"}));
  EXPECT_EQ(cached("name.test"), (texts{"192.0.2.1"})) << "the next one does not wait at all";
  EXPECT_EQ(warnings(), 1);
  server.release();
  // The lookup went on and brings the new answer.
  const auto limit = std::chrono::steady_clock::now() + 5s;
  while (cached("name.test") != texts{"192.0.2.2"} && std::chrono::steady_clock::now() < limit) {
    loop_.restart();
    loop_.run_for(1ms);
  }
  EXPECT_EQ(cached("name.test"), (texts{"192.0.2.2"}));
}

TEST_F(ResolverFailures, ANameThatIsGoneIsNotServedAnyLonger) {
  name_server server([this](const dns_query& query) {
    dns_response made(query, rcode_);
    if (rcode_ == 0) made.address("192.0.2.1", 30);
    if (rcode_ != 0) made.soa(60, 60);
    return one(made);
  });
  ask(server);
  lookup("name.test");
  rcode_ = 3;
  clock_.advance(31s);
  EXPECT_EQ(lookup("name.test"), error(errc::no_such_name));
  EXPECT_EQ(warnings(), 0);
}

TEST_F(ResolverFailures, AnExpiredAnswerServesForAnHourOnly) {
  name_server server(until_broken());
  ask(server);
  lookup("name.test");
  rcode_ = 2;
  clock_.advance(3631s);
  EXPECT_EQ(lookup("name.test"), error(errc::lookup_failed));
}

TEST_F(ResolverFailures, AServerThatIsBackEndsTheEpisode) {
  name_server server(until_broken());
  ask(server);
  lookup("name.test");
  rcode_ = 2;
  clock_.advance(31s);
  lookup("name.test");
  rcode_ = 0;
  host_ = 3;
  clock_.advance(6s);
  const auto asked = server.asked();
  EXPECT_EQ(lookup("name.test"), (texts{"192.0.2.1"})) << "nobody waits during an episode";
  ASSERT_TRUE(server.wait_for(asked + 1));
  const auto limit = std::chrono::steady_clock::now() + 5s;
  while (cached("name.test") != texts{"192.0.2.3"} && std::chrono::steady_clock::now() < limit) {
    loop_.restart();
    loop_.run_for(1ms);
  }
  EXPECT_EQ(cached("name.test"), (texts{"192.0.2.3"}));
}

TEST_F(ResolverFailures, ASilentServerIsNamedOnceAndAgainWhenItAnswers) {
  name_server server(until_broken());
  ask(server);
  around_.try_timeout = 20ms;
  const auto named = "name server " + server.endpoint().to_string();
  silent_ = true;
  EXPECT_EQ(lookup("a.test"), error(errc::timed_out));
  EXPECT_NE(lines_.str().find(named + ": no answer; there is no other one"), std::string::npos)
      << lines_.str();
  EXPECT_EQ(lookup("b.test"), error(errc::timed_out));
  EXPECT_EQ(warnings(), 1) << lines_.str();
  silent_ = false;
  EXPECT_EQ(lookup("c.test"), (texts{"192.0.2.1"}));
  EXPECT_NE(lines_.str().find(named + " answers again"), std::string::npos) << lines_.str();
  EXPECT_EQ(lookup("d.test"), (texts{"192.0.2.1"}));
  EXPECT_EQ(warnings(), 2) << lines_.str();
}

TEST_F(ResolverFailures, OfTwoServersTheOneThatIsSilentIsNamed) {
  name_server silent(silence);
  name_server server(until_broken());
  ask(silent);
  ask(server);
  around_.try_timeout = 20ms;
  EXPECT_EQ(lookup("a.test"), (texts{"192.0.2.1"}));
  lookup("b.test");
  EXPECT_NE(lines_.str().find("name server " + silent.endpoint().to_string() +
                              ": no answer; the next one is asked"),
            std::string::npos)
      << lines_.str();
  EXPECT_EQ(lines_.str().find("name server " + server.endpoint().to_string()), std::string::npos);
}

TEST_F(ResolverFailures, AServerThatIsNotThereIsNamedOverUdpAndTcp) {
  for (const auto protocol : {config::dns_protocol::udp, config::dns_protocol::tcp}) {
    auto gone = std::make_unique<name_server>(silence);
    dns_.nameservers.clear();
    dns_.protocol = protocol;
    ask(*gone);
    const auto named = "name server " + gone->endpoint().to_string() + ": connection refused; ";
    gone.reset();
    lines_.str("");
    lookup("name.test");
    EXPECT_NE(lines_.str().find(named), std::string::npos) << lines_.str();
    finish();
  }
}

TEST_F(ResolverFailures, AServerThatRefusesToAnswerIsNamedButNotOneThatFails) {
  name_server server(until_broken());
  ask(server);
  rcode_ = 2;  // SERVFAIL is about the name
  lookup("a.test");
  EXPECT_EQ(warnings(), 0) << lines_.str();
  rcode_ = 5;
  lookup("b.test");
  EXPECT_NE(lines_.str().find(": it refuses to answer (REFUSED); "), std::string::npos)
      << lines_.str();
}

TEST_F(ResolverFailures, ATcpServerThatIsNotThereIsAnError) {
  auto gone = std::make_unique<name_server>(silence);
  ask(*gone);
  gone.reset();
  dns_.protocol = config::dns_protocol::tcp;
  EXPECT_EQ(lookup("name.test"), error(errc::lookup_failed));
}

}  // namespace
}  // namespace relay::test
