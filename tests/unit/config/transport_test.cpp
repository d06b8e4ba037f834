#include <relay/config/transport.hpp>

#include <gtest/gtest.h>

namespace relay::config {
namespace {

const ws_options site{"a.example", "/x"};

dial_transport dial(std::string_view text, dialect rules = dialect::relay) {
  const auto made = parse_dial_transport(text, rules);
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

TEST(Transport, NothingIsPlain) {
  for (const auto* text : {"", " ; ;", ";"}) {
    EXPECT_EQ(dial(text), dial_transport{}) << text;
    EXPECT_EQ(listen(text), listen_transport{}) << text;
    EXPECT_EQ(said(read_dial_transport(text)), messages{}) << text;
  }
}

const std::string in_clear = "neither `ws` nor `tls` is asked for, so all bytes cross in clear";

TEST(Transport, ATextThatAsksForNothingIsAnErrorAndUnderRealmsNameAWarning) {
  for (const auto* text : {"host=a;path=/", "mask=skip", "TLS;sni=a", "sni=a", "insecure", "ws=1",
                           "wss=1;host=a;path=/"}) {
    const auto strict = read_dial_transport(text);
    EXPECT_EQ(said(strict).at(0), '!' + in_clear) << text;
    EXPECT_EQ(strict.problems[0].at, 0U) << text;
    EXPECT_FALSE(parse_dial_transport(text)) << text;
    // Spec 9.1: there such a text means plain.
    EXPECT_EQ(said(read_dial_transport(text, dialect::realm)).at(0), in_clear) << text;
    EXPECT_EQ(*parse_dial_transport(text, dialect::realm), dial_transport{}) << text;
  }
  for (const auto* text : {"cert=a;key=b", "host=a;path=/", "servername=a", "WS;host=a;path=/"}) {
    EXPECT_EQ(said(read_listen_transport(text)).at(0), '!' + in_clear) << text;
    EXPECT_EQ(*parse_listen_transport(text, dialect::realm), listen_transport{}) << text;
  }
}

TEST(Transport, WssIsWebSocketInTls) {
  const auto out = dial("wss;sni=b.example;host=a.example;path=/x");
  EXPECT_EQ(out.ws, site);
  EXPECT_EQ(out.tls->sni, "b.example");
  EXPECT_EQ(said(read_dial_transport("wss;sni=b;host=a;path=/;ws;tls")), messages{});
  const auto in = listen("host=a.example; wss ;path=/x;servername=b");
  EXPECT_EQ(in.ws, site);
  EXPECT_EQ(in.tls->servername, "b");
  EXPECT_EQ(said(read_dial_transport("wss;sni=a")), messages{"!ws needs host and path"});
  EXPECT_EQ(said(read_listen_transport("wss;host=a;path=/")),
            messages{"!tls needs cert and key, or servername"});
  // realm knows no such word, and its peers would not understand us.
  const auto lax = read_dial_transport("wss;sni=b;host=a;path=/", dialect::realm);
  EXPECT_EQ(lax.value, dial_transport{});
  EXPECT_EQ(said(lax), (messages{in_clear, "unknown item `wss`"}));
  EXPECT_EQ(lax.problems[1].hint, "write `ws;tls`");
}

TEST(Transport, WhatIsWrittenForTlsNeedsTls) {
  const auto* const text = "ws;host=a;path=/;sni=b;insecure";
  const messages expected{"`sni` has no effect without `tls`",
                          "`insecure` has no effect without `tls`"};
  EXPECT_EQ(said(read_dial_transport(text)), (messages{'!' + expected[0], '!' + expected[1]}));
  EXPECT_EQ(said(read_dial_transport(text, dialect::realm)), expected);
  // The other way round nothing is in clear.
  EXPECT_EQ(said(read_dial_transport("tls;sni=a;mask=skip")),
            messages{"`mask` has no effect without `ws`"});
}

TEST(Transport, ItemsOfTheOtherSideHaveNoEffectHere) {
  EXPECT_EQ(said(read_listen_transport("tls;servername=a;sni=a")),
            messages{"`sni` has no effect here: it belongs in `remote_transport`"});
  EXPECT_EQ(said(read_dial_transport("tls;sni=a;cert=c;key=k")),
            (messages{"`cert` has no effect here: it belongs in `listen_transport`",
                      "`key` has no effect here: it belongs in `listen_transport`"}));
  // It was meant to keep somebody out.
  EXPECT_EQ(said(read_listen_transport("tls;servername=a;ca=f")),
            messages{"!`ca` has no effect here: it belongs in `remote_transport`"});
}

TEST(Transport, SaysWhatInsecureMeans) {
  const auto read = read_dial_transport("tls;sni=a;insecure;ca=f");
  ASSERT_EQ(read.problems.size(), 2U);
  EXPECT_NE(read.problems[0].message.find("any certificate is believed"), std::string::npos);
  EXPECT_EQ(read.problems[0].at, 10U);
  EXPECT_EQ(read.problems[1].message, "`ca` has no effect with `insecure`");
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

TEST(Transport, TakesTheEndOfTlsAsItIsTold) {
  for (const bool is_strict : {false, true}) {
    const std::string end = is_strict ? ";tls_end=strict" : ";tls_end=lenient";
    EXPECT_EQ(dial("tls;sni=b.example" + end).tls->strict_end, is_strict);
    EXPECT_EQ(listen("tls;servername=a" + end).tls->strict_end, is_strict);
    EXPECT_TRUE(said(read_dial_transport("tls;sni=b.example" + end)).empty());
  }
  EXPECT_FALSE(dial("tls;sni=b.example").tls->strict_end);
  EXPECT_FALSE(listen("tls;servername=a").tls->strict_end);
}

TEST(Transport, AnEndThatThereIsNotIsAnError) {
  for (const auto* text : {"tls_end=loose", "tls_end=", "tls_end", "tls_end=Strict"}) {
    const auto reading = read_dial_transport(std::string("tls;sni=b.example;") + text);
    ASSERT_EQ(reading.problems.size(), 1U) << text;
    EXPECT_TRUE(reading.problems[0].is_error);
    EXPECT_EQ(reading.problems[0].hint, "`tls_end` is `lenient` or `strict`");
  }
}

TEST(Transport, ReadsEveryOptionOfADialledTls) {
  const auto made = dial("tls;sni=b.example;alpn= h2, ,http/1.1,;insecure;0rtt;ca=/etc/ca.pem");
  const tls_dial_options expected{"b.example", {"h2", "http/1.1"}, true, "/etc/ca.pem"};
  EXPECT_EQ(made.tls, expected);
  EXPECT_FALSE(made.ws);
  EXPECT_EQ(dial("tls;sni=b.example").tls, (tls_dial_options{"b.example", {}, false, ""}));
}

TEST(Transport, ReadsTheProtocolsOfAListeningTls) {
  EXPECT_EQ(listen("tls;servername=a;alpn= h2, ,http/1.1,").tls->alpn,
            (std::vector<std::string>{"h2", "http/1.1"}));
  EXPECT_TRUE(listen("tls;servername=a;alpn=").tls->alpn.empty());
  EXPECT_EQ(parse_listen_transport("tls;servername=a;alpn=" + std::string(256, 'h')).wrong,
            "`alpn` holds a name of 256 bytes, 255 are the most");
  const auto twice = read_listen_transport("tls;servername=a;alpn=h2;alpn=h3");
  EXPECT_EQ(said(twice), messages{"`alpn` is given again"});
  EXPECT_EQ(twice.value.tls->alpn, std::vector<std::string>{"h2"});
  EXPECT_EQ(parse_listen_transport("ws;host=a;path=/;alpn=h2").wrong,
            "`alpn` has no effect without `tls`, add `tls`, or all bytes cross in clear");
}

// realm looks for no protocols there: a text that has always worked must not begin to refuse.
TEST(Transport, ProtocolsOfAListeningTlsHaveNoEffectUnderRealmsName) {
  for (const auto* text : {"tls;servername=a;alpn=h2", "tls;servername=a;alpn="}) {
    const auto made = read_listen_transport(text, dialect::realm);
    EXPECT_TRUE(made.value.tls->alpn.empty());
    ASSERT_EQ(said(made), messages{"`alpn` has no effect here: it belongs in `remote_transport`"});
    EXPECT_FALSE(made.problems[0].is_error);
  }
  // Nor does either name take a longer word for it, as is done where realm does.
  const auto longer = read_listen_transport("tls;servername=a;alpns=h2");
  EXPECT_TRUE(longer.value.tls->alpn.empty());
  EXPECT_EQ(said(longer), messages{"!unknown item `alpns`"});
  EXPECT_EQ(dial("tls;sni=a;alpns=h2").tls->alpn, std::vector<std::string>{"h2"});
  EXPECT_EQ(dial("tls;sni=a;alpn=h2", dialect::realm).tls->alpn, std::vector<std::string>{"h2"});
}

TEST(Transport, ReadsEveryOptionOfAListeningTls) {
  EXPECT_EQ(listen("tls;cert=c.pem;key=k.pem;ocsp=o.der").tls,
            (tls_listen_options{"c.pem", "k.pem", "", "o.der"}));
  EXPECT_EQ(listen("tls;servername=a.example").tls, (tls_listen_options{"", "", "a.example", ""}));
}

TEST(Transport, EitherSideMayShowACertificateAndDemandOne) {
  EXPECT_EQ(listen("tls;servername=a;client_ca=ca.pem").tls,
            (tls_listen_options{"", "", "a", "", "ca.pem"}));
  EXPECT_EQ(dial("tls;sni=a;client_key=k;client_cert=c").tls,
            (tls_dial_options{"a", {}, false, "", "c", "k"}));
  // What is only half there would keep nobody out, and show nothing.
  for (const auto* half : {"tls;sni=a;client_cert=c", "tls;sni=a;client_key=k",
                           "tls;sni=a;client_cert=c;client_key=", "tls;sni=a;client_cert"}) {
    EXPECT_EQ(said(read_dial_transport(half)),
              messages{"!`client_cert` and `client_key` only work together"})
        << half;
  }
  EXPECT_EQ(said(read_listen_transport("tls;servername=a;client_ca")),
            messages{"!`client_ca` names no file"});
  EXPECT_EQ(said(read_dial_transport("tls;sni=a;ca=")), messages{"!`ca` names no file"});
  EXPECT_EQ(read_listen_transport("tls;servername=a;ca=f").problems.at(0).hint,
            "to verify clients, write `client_ca`");
  EXPECT_EQ(read_dial_transport("tls;sni=a;client_ca=f").problems.at(0).hint,
            "to verify the remote, write `ca`");
}

TEST(Transport, AnItemHasAPlaceInItsText) {
  EXPECT_EQ(item_offset("tls; sni=a; ca=f", "ca"), 12U);
  EXPECT_EQ(item_offset("tls;certfile=a", "cert"), 4U) << "the one that is taken for it";
  EXPECT_EQ(item_offset("tls;sni=a", "ca"), 0U);
}

TEST(Transport, FilesOfACertificateTakePrecedenceOverItsName) {
  EXPECT_EQ(listen("tls;servername=a.example;key=k;cert=c").tls,
            (tls_listen_options{"c", "k", "", ""}));
  const auto half = read_listen_transport("tls;servername=a.example;key=k");
  EXPECT_EQ(half.value.tls, (tls_listen_options{"", "", "a.example", ""}));
  EXPECT_EQ(said(half), messages{"cert and key only work together"});
}

TEST(Transport, ASubprotocolAndPingsAreOfEitherSide) {
  const std::string text = "ws;host=a.example;path=/x;protocol=mqtt;ping=30s";
  auto expected = site;
  expected.protocol = "mqtt";
  expected.ping = std::chrono::seconds(30);
  EXPECT_EQ(dial(text).ws, expected);
  EXPECT_EQ(listen(text).ws, expected);
  EXPECT_EQ(dial("ws;host=a.example;path=/x;ping=45").ws->ping, std::chrono::seconds(45));
  EXPECT_EQ(dial("ws;host=a.example;path=/x;ping=0;protocol=").ws, site);
  EXPECT_EQ(parse_dial_transport("ws;host=a;path=/;ping=soon").wrong,
            "`ping`: `soon` is not a number with a unit; write 250ms, 5s, 2m or 1h, as in "
            "\"ping=30s\"");
  EXPECT_EQ(parse_dial_transport("ws;host=a;path=/;ping=2d").wrong,
            "`ping`: a day is the most, as in \"ping=30s\"");
  for (const auto* bad : {"a,b", "a b", "\"a\"", "a/b", "m\xc3\xbc"}) {
    EXPECT_EQ(parse_listen_transport("ws;host=a;path=/;protocol=" + std::string(bad)).wrong,
              "`protocol` is one word without blanks and commas, as in \"protocol=mqtt\"")
        << bad;
  }
}

TEST(Transport, AnUnknownItemIsToldWithThoseThatAreMeant) {
  const auto hint = [](const std::string& item) {
    const auto read = read_dial_transport("tls;sni=a;" + item);
    return read.problems.empty() ? std::string() : read.problems[0].hint;
  };
  EXPECT_EQ(hint("cafile=/x.pem"), "did you mean `ca`?");
  EXPECT_EQ(hint("client_certificate=/x.pem"), "did you mean `client_cert`?");
  EXPECT_TRUE(hint("verify=none").starts_with("it takes ws, wss, tls, host, ")) << hint("verify");
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
  EXPECT_EQ(said(read), (messages{"!tls needs sni", "!unknown item `hots`"}));
  ASSERT_EQ(read.problems.size(), 2U);
  EXPECT_EQ(read.problems[1].at, 4U);
  EXPECT_EQ(read.problems[1].hint, "did you mean `host`?");
}

// What is there, but misspelt, is not told to be missing as well.
TEST(Transport, TellsTheCauseAndNotWhatFollowsFromIt) {
  const auto all = [](const auto& read) { return said(read); };
  EXPECT_EQ(all(read_dial_transport("tsl;sni=a")), messages{"!unknown item `tsl`"});
  EXPECT_EQ(all(read_dial_transport("tls;sin=a")), messages{"!unknown item `sin`"});
  EXPECT_EQ(all(read_dial_transport("ws;host=a;paht=/")), messages{"!unknown item `paht`"});
  EXPECT_EQ(all(read_listen_transport("tls;crt=a;key=b")), messages{"!unknown item `crt`"});
  EXPECT_EQ(all(read_dial_transport("tls;sni=a;client_cert=b;client_kye=c")),
            messages{"!unknown item `client_kye`"});
  EXPECT_EQ(all(read_dial_transport("ws;host=a;qqqqq=/")),
            (messages{"!ws needs host and path", "!unknown item `qqqqq`"}))
      << "nobody knows what that was meant to be";
  EXPECT_EQ(all(read_dial_transport("tsl;sni=a", dialect::realm)),
            (messages{in_clear, "unknown item `tsl`"}))
      << "a warning stops nobody";
}

// Spec 9.1, lookup quirk: the reference takes the first item that starts with the name.
TEST(Transport, ANameThatGoesOnServesWhereTheExactOneIsMissing) {
  const auto longer = read_dial_transport("ws;hostname=a.example;path=/x");
  EXPECT_EQ(longer.value.ws, site);
  EXPECT_EQ(said(longer), messages{"`hostname` is taken for `host`"});
  const auto* const both = "ws;hostname=b.example;host=a.example;path=/x";
  EXPECT_EQ(dial(both, dialect::realm).ws, site);
  EXPECT_EQ(said(read_dial_transport(both, dialect::realm)), messages{"unknown item `hostname`"});
  EXPECT_EQ(said(read_dial_transport(both)), messages{"!unknown item `hostname`"});
  EXPECT_EQ(listen("tls;certfile=c;keyfile=k").tls, (tls_listen_options{"c", "k", "", ""}));
  EXPECT_EQ(dial("tls;sni=a;cafile=c", dialect::realm).tls->ca, "");
}

TEST(Transport, AnItemWithoutValueCountsAsMissingEvenIfALaterOneHasIt) {
  EXPECT_FALSE(parse_dial_transport("ws;host;host=a;path=/"));
  EXPECT_FALSE(parse_dial_transport("ws;hostname;hostfile=a;path=/"));
}

TEST(Transport, WarnsOfWhatHasNoEffect) {
  const auto read = read_dial_transport("ws;host=a;host=b;path=/;tls;sni=b;0rtt=no;mask=fixed");
  EXPECT_EQ(said(read), (messages{"`host` is given again", "`0rtt` with a value has no effect"}));
  const auto wrong = read_listen_transport("ws;host=a;path=/;tls=yes");
  EXPECT_EQ(said(wrong), messages{"!`tls` with a value has no effect"});
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
