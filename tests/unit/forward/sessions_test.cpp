#include <relay/forward/sessions.hpp>

#include <gtest/gtest.h>

namespace relay::forward {
namespace {

using namespace std::chrono_literals;

session_info some() {
  session_info of;
  of.id = 42;
  of.client.client = *ip_endpoint::parse("10.1.2.3:5000");
  of.listen = "0.0.0.0:443";
  of.remote = "a.example:8443";
  of.age = 90s;
  of.client_tls = true;
  return of;
}

bool matches(const std::string& text, const session_info& of = some()) {
  const auto filter = read_session_filter(text);
  EXPECT_TRUE(filter) << text << ": " << filter.wrong;
  return filter && filter->matches(of);
}

std::string refusal(const std::string& text) {
  const auto filter = read_session_filter(text);
  EXPECT_FALSE(filter) << text;
  return filter.wrong;
}

TEST(SessionFilter, WithoutWordsAllMatch) {
  for (const auto* none : {"", " ", ", ,"}) EXPECT_TRUE(matches(none));
}

TEST(SessionFilter, EachWordLooksAtOneThing) {
  const struct {
    const char *yes, *no;
  } rows[]{{"id=42", "id=43"},
           {"client=10.0.0.0/8", "client=10.2.0.0/16"},
           {"client=10.1.2.3", "client=10.1.2.33"},
           {"client=10.1.2.3:5000", "client=10.1.2.3:5001"},
           {"listen=:443", "listen=:444"},
           {"remote=a.example", "remote=b.example"},
           {"kind=tcp", "kind=udp"},
           {"tls=yes", "tls=no"},
           {"older=90s", "older=2m"}};
  for (const auto& each : rows) {
    EXPECT_TRUE(matches(each.yes)) << each.yes;
    EXPECT_FALSE(matches(each.no)) << each.no;
  }
}

TEST(SessionFilter, AllWordsHaveToHold) {
  EXPECT_TRUE(matches("kind=tcp client=10.0.0.0/8"));
  EXPECT_TRUE(matches("kind=tcp,client=10.0.0.0/8,"));
  EXPECT_FALSE(matches("kind=tcp client=11.0.0.0/8"));
}

TEST(SessionFilter, IPv4ClientsOfAListenerForBothFamiliesCountAsIPv4) {
  auto mapped = some();
  mapped.client.client = *ip_endpoint::parse("[::ffff:10.1.2.3]:5000");
  EXPECT_TRUE(matches("client=10.0.0.0/8", mapped));
  EXPECT_TRUE(matches("client=10.1.2.3:5000", mapped));
  EXPECT_FALSE(matches("client=10.1.2.3:5001", mapped));
}

TEST(SessionFilter, WhatMakesNoSenseIsToldWithWhatWould) {
  EXPECT_EQ(refusal("x=1"),
            "`x=1` is no filter: one begins with client, listen, remote, kind, tls, older or id "
            "and an equals sign, as in client=10.0.0.0/8");
  EXPECT_NE(refusal("client"), "");
  EXPECT_NE(refusal("client=nowhere"), "");
  EXPECT_EQ(refusal("kind=quic"), "`kind` is tcp or udp, not `quic`");
  EXPECT_EQ(refusal("tls=maybe"), "`tls` is yes or no, not `maybe`");
  EXPECT_EQ(refusal("id=-1"), "`id` is the number of a session, not `-1`");
  EXPECT_TRUE(refusal("older=soon").starts_with("`older`: "));
}

}  // namespace
}  // namespace relay::forward
