#include <relay/base/host_port.hpp>

#include <gtest/gtest.h>

namespace relay {
namespace {

host_port make(std::string host, std::uint16_t first, std::uint16_t last) {
  const auto address = ip_address::parse(host);
  return {std::move(host), address, {first, last}};
}

TEST(ParseListen, TakesEveryForm) {  // spec 3
  EXPECT_EQ(*parse_listen("1.2.3.4:80"), make("1.2.3.4", 80, 80));
  EXPECT_EQ(*parse_listen("[::1]:80"), make("::1", 80, 80));
  EXPECT_EQ(*parse_listen("::1:80"), make("::1", 80, 80));
  EXPECT_EQ(*parse_listen("localhost:0"), make("localhost", 0, 0));
  EXPECT_EQ(*parse_listen("my-host.example.:65535"), make("my-host.example.", 65535, 65535));
  EXPECT_EQ(*parse_listen("0.0.0.0:20000-20999"), make("0.0.0.0", 20000, 20999));
  for (const auto* text : {":5000", "*:5000", "5000"}) {
    EXPECT_EQ(*parse_listen(text), make("", 5000, 5000)) << text;
  }
  for (const auto* text : {":1-65535", "*:1-65535", "1-65535"}) {
    EXPECT_EQ(*parse_listen(text), make("", 1, 65535)) << text;
  }
}

TEST(ParseListen, KeepsAddressesAsLiteralsAndNamesAsNames) {
  EXPECT_EQ(parse_listen("[fe80::1%2]:80")->address->scope(), 2U);
  EXPECT_TRUE(parse_listen("127.0.0.1:80")->address);
  EXPECT_FALSE(parse_listen("localhost:80")->address);
  EXPECT_FALSE(parse_listen(":80")->address);
}

TEST(ParseListen, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "is empty"},
      {"127.0.0.1", "has no port; write 127.0.0.1:PORT"},
      {"[::1]", "has no port; write [::1]:PORT"},
      {"127.0.0.1:", "port after the colon is missing"},
      {"127.0.0.1:http", "`http` is not a port"},
      {"127.0.0.1:65536", "above 65535"},
      {"127.0.0.1:99999999999999999999", "above 65535"},
      {"127.0.0.1:-1", "`` is not a port"},
      {"127.0.0.1:9-8", "runs backwards; write 8-9"},
      {"127.0.0.1:0-8", "starts at 1"},
      {"127.0.0.1:1-2-3", "`2-3` is not a port"},
      {"1.2.3.400:80", "not an IPv4 address"},
      {"[1.2.3.4]:80", "[1.2.3.4] is not an IPv6 address"},
      {"[name]:80", "[name] is not an IPv6 address"},
      {"[::1:80", "neither an address nor a name"},
      {"2001:db8::5", "neither an address nor a name"},
      {"http://a:80", "URL"},
      {"a b:80", "neither an address nor a name"},
  };
  for (const auto& [text, part] : cases) {
    const auto made = parse_listen(text);
    EXPECT_FALSE(made) << text;
    EXPECT_NE(made.wrong.find(part), std::string::npos) << text << " -> " << made.wrong;
  }
  EXPECT_FALSE(parse_listen(std::string(300, 'a') + ":80"));
  EXPECT_FALSE(parse_listen(std::string_view("a\0b:80", 6)));
}

TEST(ParseRemote, SplitsAtTheLastColon) {
  EXPECT_EQ(*parse_remote("::1:80"), make("::1", 80, 80));
  EXPECT_EQ(*parse_remote("[::1%3]:80"), make("::1%3", 80, 80));
  EXPECT_EQ(*parse_remote("example.com:1000-1999"), make("example.com", 1000, 1999));
  EXPECT_EQ(*parse_remote("foo_bar:1"), make("foo_bar", 1, 1));
}

TEST(ParseRemote, NeedsAHostAndAPortThatCanBeReached) {
  for (const auto* text : {":80", "*:80", "80", "host:0", "host", ""}) {
    EXPECT_FALSE(parse_remote(text)) << text;
    EXPECT_FALSE(parse_remote(text).wrong.empty()) << text;
  }
}

TEST(ParseThrough, TakesAnAddressAloneAsAnyPort) {
  for (const auto* text : {"1.2.3.4", "1.2.3.4:0"}) {
    EXPECT_EQ(*parse_through(text), make("1.2.3.4", 0, 0)) << text;
  }
  for (const auto* text : {"::1", "[::1]", "[::1]:0"}) {
    EXPECT_EQ(*parse_through(text), make("::1", 0, 0)) << text;
  }
  EXPECT_EQ(*parse_through("[::1]:7"), make("::1", 7, 7));
  EXPECT_EQ(*parse_through("name:7"), make("name", 7, 7));
}

TEST(ParseThrough, RefusesWhatRealmSilentlyDrops) {
  for (const auto* text : {"", "name", "[name]", "1.2.3.4:x", "1.2.3.4:1-2", "1.2.3", "[]"}) {
    EXPECT_FALSE(parse_through(text)) << text;
  }
  EXPECT_NE(parse_through("name").wrong.find("name:0"), std::string::npos);
}

TEST(ParseNameserver, NeedsAPort) {
  EXPECT_EQ(*parse_nameserver("8.8.8.8:53"), make("8.8.8.8", 53, 53));
  EXPECT_EQ(*parse_nameserver("[2001:db8::1]:53"), make("2001:db8::1", 53, 53));
  EXPECT_EQ(*parse_nameserver("dns.google:53"), make("dns.google", 53, 53));
  EXPECT_NE(parse_nameserver("8.8.8.8").wrong.find("8.8.8.8:53"), std::string::npos);
  EXPECT_NE(parse_nameserver("2001:db8::1").wrong.find("[2001:db8::1]:53"), std::string::npos);
  for (const auto* text : {"8.8.8.8:0", "8.8.8.8:53-54", "dns.google", ":53"}) {
    EXPECT_FALSE(parse_nameserver(text)) << text;
  }
}

TEST(HostPort, PrintsWhatReadsBack) {
  for (const auto* text : {"1.2.3.4:80", "[::1]:80", "[fe80::1%2]:80", "name:80", "*:80",
                           "*:20000-20999", "[::]:1-2"}) {
    const auto made = parse_listen(text);
    ASSERT_TRUE(made) << made.wrong;
    EXPECT_EQ(made->to_string(), text);
  }
}

}  // namespace
}  // namespace relay
