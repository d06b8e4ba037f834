#include <relay/config/transport.hpp>

#include <gtest/gtest.h>

namespace relay::config {
namespace {

const ws_options site{"a.example", "/x"};

dial_transport dial(std::string_view text) {
  const auto made = parse_dial_transport(text);
  EXPECT_TRUE(made) << text << ": " << made.wrong;
  return made ? *made : dial_transport{};
}

listen_transport listen(std::string_view text) {
  const auto made = parse_listen_transport(text);
  EXPECT_TRUE(made) << text << ": " << made.wrong;
  return made ? *made : listen_transport{};
}

/// The messages of a reading, errors with a `!`.
template <class Reading>
std::vector<std::string> said(const Reading& from) {
  std::vector<std::string> all;
  for (const auto& each : from.problems) all.push_back((each.is_error ? "!" : "") + each.message);
  return all;
}
using messages = std::vector<std::string>;

// Spec 9.1: a text with neither `ws` nor `tls` means plain.
TEST(Transport, WithoutWsAndTlsIsPlain) {
  for (const auto* text : {"", " ; ;", "host=a;path=/;sni=b", "insecure", "cert=a;key=b"}) {
    EXPECT_EQ(dial(text), dial_transport{}) << text;
    EXPECT_EQ(listen(text), listen_transport{}) << text;
  }
}

TEST(Transport, TakesItemsInAnyOrderWithBlanksAround) {
  for (const auto* text : {"ws;host=a.example;path=/x", " path = /x ;; host = a.example ; ws ;",
                           "host=a.example;ws;path=/x;"}) {
    EXPECT_EQ(dial(text).ws, site) << text;
    EXPECT_EQ(listen(text).ws, site) << text;
    EXPECT_TRUE(said(read_dial_transport(text)).empty()) << text;
  }
}

TEST(Transport, SplitsAtTheFirstEqualsAndKeepsTheRestVerbatim) {
  const auto made = dial("ws;host=A.example:8443;path=no/slash?a=b&c=%20=\\");
  EXPECT_EQ(made.ws, (ws_options{"A.example:8443", "no/slash?a=b&c=%20=\\"}));
}

TEST(Transport, ReadsEveryOptionOfADialledTls) {
  const auto made = dial("tls;sni=b.example;alpn= h2, ,http/1.1,;insecure;0rtt;ca=/etc/ca.pem");
  const tls_dial_options expected{"b.example", {"h2", "http/1.1"}, true, "/etc/ca.pem"};
  EXPECT_EQ(made.tls, expected);
  EXPECT_FALSE(made.ws);
  EXPECT_EQ(dial("tls;sni=b.example").tls, (tls_dial_options{"b.example", {}, false, ""}));
}

TEST(Transport, ReadsEveryOptionOfAListeningTls) {
  EXPECT_EQ(listen("tls;cert=c.pem;key=k.pem;ocsp=o.der").tls,
            (tls_listen_options{"c.pem", "k.pem", "", "o.der"}));
  EXPECT_EQ(listen("tls;servername=a.example").tls, (tls_listen_options{"", "", "a.example", ""}));
}

TEST(Transport, FilesOfACertificateTakePrecedenceOverItsName) {
  EXPECT_EQ(listen("tls;servername=a.example;key=k;cert=c").tls,
            (tls_listen_options{"c", "k", "", ""}));
  const auto half = read_listen_transport("tls;servername=a.example;key=k");
  EXPECT_EQ(half.value.tls, (tls_listen_options{"", "", "a.example", ""}));
  EXPECT_EQ(said(half), messages{"cert and key only work together"});
}

TEST(Transport, BothMayBeAskedForAtOnce) {
  const auto made = dial("ws;host=a.example;path=/x;tls;sni=1.2.3.4");
  EXPECT_EQ(made.ws, site);
  EXPECT_EQ(made.tls->sni, "1.2.3.4");
}

TEST(Transport, SaysWhatIsMissing) {
  for (const auto* text : {"ws", "ws;host=a", "ws;path=/", "ws;host=;path=/", "ws;host;path=/"}) {
    const auto* expected = "ws needs host and path, as in \"ws;host=example.com;path=/chat\"";
    EXPECT_EQ(parse_dial_transport(text).wrong, expected) << text;
    EXPECT_EQ(parse_listen_transport(text).wrong, expected) << text;
  }
  EXPECT_EQ(parse_dial_transport("tls;sni=").wrong, "tls needs sni, as in \"tls;sni=example.com\"");
  for (const auto* text : {"tls", "tls;cert=a", "tls;key=a", "tls;sni=a"}) {
    EXPECT_EQ(parse_listen_transport(text).wrong,
              "tls needs cert and key, or servername, as in "
              "\"tls;cert=/etc/relay/cert.pem;key=/etc/relay/key.pem\"")
        << text;
  }
}

TEST(Transport, SaysEverythingAtOnceInTheOrderOfTheText) {
  const auto read = read_dial_transport("tls;hots=a;ws;path=/");
  EXPECT_EQ(said(read),
            (messages{"!tls needs sni", "unknown item `hots`", "!ws needs host and path"}));
  ASSERT_EQ(read.problems.size(), 3U);
  EXPECT_EQ(read.problems[1].at, 4U);
  EXPECT_EQ(read.problems[1].hint, "did you mean `host`?");
  EXPECT_EQ(read.problems[2].at, 11U);
}

// Spec 9.1, lookup quirk: the reference takes the first item that starts with the name.
TEST(Transport, ANameThatGoesOnServesWhereTheExactOneIsMissing) {
  const auto longer = read_dial_transport("ws;hostname=a.example;path=/x");
  EXPECT_EQ(longer.value.ws, site);
  EXPECT_EQ(said(longer), messages{"`hostname` is taken for `host`"});
  const auto exact = read_dial_transport("ws;hostname=b.example;host=a.example;path=/x");
  EXPECT_EQ(exact.value.ws, site);
  EXPECT_EQ(said(exact), messages{"unknown item `hostname`"});
  EXPECT_EQ(listen("tls;certfile=c;keyfile=k").tls, (tls_listen_options{"c", "k", "", ""}));
  EXPECT_EQ(dial("tls;sni=a;cafile=c").tls->ca, "");
}

TEST(Transport, AnItemWithoutValueCountsAsMissingEvenIfALaterOneHasIt) {
  EXPECT_FALSE(parse_dial_transport("ws;host;host=a;path=/"));
  EXPECT_FALSE(parse_dial_transport("ws;hostname;hostfile=a;path=/"));
}

TEST(Transport, WarnsOfWhatHasNoEffect) {
  const auto read = read_listen_transport("ws=1;tls=yes;host=a;host=b;tsl");
  EXPECT_EQ(read.value, listen_transport{});
  EXPECT_EQ(said(read),
            (messages{"`ws` with a value has no effect", "`tls` with a value has no effect",
                      "`host` is given again", "unknown item `tsl`"}));
  EXPECT_EQ(said(read_dial_transport("mask=standard;0rtt")), messages{});
}

TEST(Transport, RefusesServerNamesThatNoCertificateCanHave) {
  for (const auto* good :
       {"a", "a-b.example", "_x.example", "A.Example.", "1.2.3.4", "::1", "fe80::1", "1a.2b"}) {
    EXPECT_TRUE(parse_dial_transport("tls;sni=" + std::string(good))) << good;
    EXPECT_TRUE(parse_listen_transport("tls;servername=" + std::string(good))) << good;
  }
  const auto long_label = std::string(64, 'a');
  std::string long_name;
  for (int i = 0; i < 64; ++i) long_name += "abc.";
  for (const auto& bad :
       {std::string("a b"), std::string("a..b"), std::string(".a"), std::string("-a.b"),
        std::string("a-"), std::string("1.2.3"), std::string("[::1]"), std::string("a:443"),
        std::string("*.a"), std::string("b\xc3\xbc.de"), long_label, long_name}) {
    EXPECT_EQ(parse_dial_transport("tls;sni=" + bad).wrong,
              '`' + bad + "` is neither a DNS name nor an address, as in \"sni=example.com\"");
  }
  // The reference makes a certificate of its own for anything in ASCII.
  EXPECT_TRUE(parse_listen_transport("tls;servername=a b"));
  EXPECT_FALSE(parse_listen_transport("tls;servername=b\xc3\xbc.de"));
  EXPECT_FALSE(parse_listen_transport("tls;servername=a\x01"));
  // With files the name is not used.
  EXPECT_TRUE(parse_listen_transport("tls;cert=c;key=k;servername=b\xc3\xbc"));
}

TEST(Transport, NothingThatIsSentCanEndItsLine) {
  for (const auto* bad : {"ws;host=a\r\nx: y;path=/", "ws;host=a;path=/ HTTP/1.1",
                          "ws;host=a;path=/\tb", "ws;host=a\x7f;path=/", "ws;host=a;path=/\x01"}) {
    EXPECT_NE(parse_dial_transport(bad).wrong.find("a blank or a control character"),
              std::string::npos)
        << bad;
  }
  EXPECT_TRUE(parse_dial_transport("ws;host=a b;path=/\xc3\xbc"));
}

TEST(Transport, LimitsWhatGoesIntoAHead) {
  const auto path = [](std::size_t size) { return "ws;host=a;path=" + std::string(size, '/'); };
  EXPECT_TRUE(parse_dial_transport(path(4096)));
  EXPECT_EQ(parse_dial_transport(path(4097)).wrong, "`path` is too long, 4096 bytes are the most");
  EXPECT_TRUE(parse_dial_transport("tls;sni=a;alpn=" + std::string(255, 'h')));
  EXPECT_EQ(parse_dial_transport("tls;sni=a;alpn=" + std::string(256, 'h')).wrong,
            "`alpn` holds a name of 256 bytes, 255 are the most");
}

}  // namespace
}  // namespace relay::config
