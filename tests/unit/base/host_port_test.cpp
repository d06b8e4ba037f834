#include <relay/base/host_port.hpp>
#include <relay/base/zoned_address.hpp>

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

TEST(Addresses, NameTheCharacterThatNobodySees) {
  const std::pair<const char*, const char*> cases[] = {
      {"127.0.0.1\uff1a80", "a full-width colon (U+FF1A)"},
      {"127.0.0.1:80\u00a0", "a no-break space (U+00A0)"},
      {"\ufeff127.0.0.1:80", "a byte order mark (U+FEFF)"},
      {"exam\u200bple.com:80", "a zero-width space (U+200B)"},
      {"127\u30020.0.1:80", "an ideographic full stop (U+3002)"},
      {"127.0.0.1:1000\u20132000", "an en dash (U+2013)"},
      {"127.0.0.1:8\uff10", "a full-width digit (U+FF10)"},
      {" 127.0.0.1:80", "there are blanks around"},
      {"127.0.0.1:80\n", "there are blanks around"},
  };
  for (const auto& [text, part] : cases) {
    for (auto* const parse : {parse_listen, parse_remote, parse_through, parse_nameserver}) {
      const auto made = parse(text);
      EXPECT_FALSE(made) << text;
      EXPECT_NE(made.wrong.find(part), std::string::npos) << text << " -> " << made.wrong;
    }
  }
  EXPECT_TRUE(parse_remote("b\u00fccher.example:80")) << "names may have letters of any script";
}

TEST(ParseRemote, SaysWhatAUrlWouldBe) {
  const std::pair<const char*, const char*> cases[] = {
      {"http://127.0.0.1:8081/", "write 127.0.0.1:8081"},
      {"https://example.com/a?b:1", "write example.com:443"},
      {"ws://me:secret@[::1]/x", "write [::1]:80"},
      {"wss://[::1]:8443", "write [::1]:8443"},
      {"tcp://a", "write a:PORT"},
      {"http://", "write host:port"},
  };
  for (const auto& [text, part] : cases) {
    const auto made = parse_remote(text);
    EXPECT_FALSE(made) << text;
    EXPECT_TRUE(made.wrong.ends_with(part)) << made.wrong;
  }
}

TEST(Zones, OfADeviceAreLookedUpLater) {
  for (auto* const parse : {parse_listen, parse_remote, parse_through}) {
    const auto made = parse("[fe80::2%eth0]:80");
    ASSERT_TRUE(made) << made.wrong;
    EXPECT_EQ(made->host, "fe80::2%eth0");
    EXPECT_FALSE(made->address);
    EXPECT_EQ(made->to_string(), "[fe80::2%eth0]:80");
  }
  EXPECT_TRUE(parse_remote("fe80::2%br-lan.7:80"));
  EXPECT_TRUE(parse_through("fe80::2%eth0"));
  EXPECT_TRUE(parse_through("[fe80::2%eth0]"));
  EXPECT_FALSE(parse_through("fe80::2%e]th0"));
  EXPECT_NE(parse_through("fe80::2%e\u202ath0").wrong.find("an embedding mark"), std::string::npos);
  for (const auto* text : {"[fe80::2%]:80", "[fe80::2%eth 0]:80", "[fe80::2%a/b]:80",
                           "[1.2.3.4%lo]:80", "[fe80::2%4294967296]:80", "[fe80::2%a%b]:80",
                           "name%eth0:80", "[fe80::2%sixteen-letters-]:80", "[fe80::2%a]b]:80"}) {
    EXPECT_FALSE(parse_remote(text)) << text;
    EXPECT_FALSE(parse_through(text)) << text;
  }
  EXPECT_FALSE(parse_nameserver("[fe80::2%eth0]:53"));
  EXPECT_FALSE(parse_nameserver("[fe80::2]:53"));
}

TEST(Zones, HaveTheScopeThatTheDeviceHasNow) {
  const auto here = zoned_address::parse("::1%lo");
  ASSERT_TRUE(here);
  ASSERT_TRUE(here->resolve());
  EXPECT_EQ(here->resolve()->to_string(), "::1%1") << "lo is the first device";
  EXPECT_FALSE(zoned_address::parse("fe80::1%nosuchdevice")->resolve());
  EXPECT_TRUE(is_link_local(*ip_address::parse("febf::1")));
  EXPECT_FALSE(is_link_local(*ip_address::parse("fec0::1")));
  EXPECT_FALSE(is_link_local(ip_address()));
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
