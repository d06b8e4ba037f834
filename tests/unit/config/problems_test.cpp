#include "unit/config/loading.hpp"

namespace relay::config {
namespace {

using test::brief;
using test::load;
using test::problems_of;
using test::with_endpoint;

/// The one problem of an endpoint with these lines.
std::string only(const std::string& lines) {
  const auto problems = problems_of(with_endpoint(lines));
  EXPECT_EQ(problems.size(), 1U) << brief(problems);
  return problems.empty() ? "" : problems[0].message + " | " + problems[0].hint;
}

std::string warning(const std::string& lines) {
  const auto warnings = load(with_endpoint(lines)).warnings;
  EXPECT_EQ(warnings.size(), 1U) << brief(warnings);
  return warnings.empty() ? "" : warnings[0].message + " | " + warnings[0].hint;
}

TEST(Problems, AreCollectedAndToldAtOnceInTheOrderOfTheText) {
  const auto problems = problems_of(R"([log]
level = "Info"
output = 3
[network]
use_upd = true
udp_timeout = -1
[[endpoints]]
lisen = "0.0.0.0:80"
remote = "1.2.3.4"
[lgo]
)");
  EXPECT_EQ(brief(problems),
            "t:2:9: error: `level`: unknown word `Info`\n"
            "t:3:10: error: `output` takes a text, not a whole number\n"
            "t:5:1: warning: unknown key `use_upd` in `network`\n"
            "t:6:15: error: `udp_timeout`: the number is out of range\n"
            "t:8:1: error: unknown key `lisen` in `endpoints`\n"
            "t:9:10: error: `remote`: `1.2.3.4` has no port; write 1.2.3.4:PORT\n"
            "t:10:2: warning: unknown key `lgo`\n");
  EXPECT_EQ(problems[0].hint,
            "it takes off, error, warn, info, debug or trace; did you mean `info`?");
  EXPECT_EQ(problems[2].hint, "did you mean `use_udp`?");
  EXPECT_EQ(problems[6].hint, "did you mean `log`?");
}

TEST(Problems, NameTheTypeThatIsExpected) {
  EXPECT_EQ(only("network.use_udp = 1"), "`use_udp` takes true or false, not a whole number | ");
  EXPECT_EQ(only("network.tcp_timeout = 1.5"),
            "`tcp_timeout` takes a time: whole seconds, or a text such as \"250ms\" or \"2m\", not "
            "a number with a fraction | ");
  EXPECT_EQ(only("balance = 1979-05-27"), "`balance` takes a text, not a date | ");
  EXPECT_EQ(only("network = 3"), "`network` takes a table, not a whole number | ");
  EXPECT_EQ(only("extra_remotes = \"a:1\""),
            "`extra_remotes` takes a list of addresses, not a text | put brackets around it: "
            "[\"a:1\"]");
  EXPECT_EQ(only("network.byte_rate = true"),
            "`byte_rate` takes a rate: bytes per second, or a text such as \"10Mbit/s\", not true "
            "or false | ");
  EXPECT_EQ(brief(problems_of("endpoints = 3")),
            "t:1:13: error: `endpoints` takes a list of tables, not a whole number\n");
  EXPECT_EQ(brief(problems_of("endpoints = [3]")),
            "t:1:14: error: `endpoints` takes a table in each place, not a whole number\n");
}

TEST(Problems, KeepNumbersInTheirRange) {
  EXPECT_NE(only("network.send_proxy_version = 3").find("it takes from 1 to 2"), std::string::npos);
  EXPECT_NE(only("network.warm = 65536").find("from 0 to 65535"), std::string::npos);
  EXPECT_NE(only("network.tcp_timeout = 4294967296").find("4294967295"), std::string::npos);
  EXPECT_NE(only("network.tcp_timeout = \"2000000h\"").find("out of range"), std::string::npos);
  EXPECT_NE(only("max_connections = 99999999999999999999999").find("out of range"),
            std::string::npos);
  EXPECT_NE(only("max_associations = -1").find("out of range"), std::string::npos);
  EXPECT_NE(only("network.tcp_keepalive = \"500ms\"").find("whole number of seconds"),
            std::string::npos);
  EXPECT_NE(only("network.byte_rate = \"9999999TiB/s\"").find("too large"), std::string::npos);
  EXPECT_EQ(load(with_endpoint("network.tcp_timeout = 4294967295")).warnings.size(), 0U);
  EXPECT_EQ(brief(problems_of(R"({"endpoints":[],"dns":{"cache_size":18446744073709551615}})")),
            "t:1:37: error: `cache_size`: the number is out of range\n");
}

TEST(Problems, CheckAddresses) {
  EXPECT_EQ(only("through = \"nowhere\""),
            "`through`: `nowhere` is not an address; a name needs a port, as in nowhere:0 | ");
  EXPECT_NE(only("network.trusted_proxies = [\"10.0.0.0/33\"]").find("0 to 32"), std::string::npos);
  EXPECT_EQ(brief(problems_of("endpoints = []\n[dns]\nnameservers = [\"8.8.8.8\"]")),
            "t:3:16: error: `nameservers`: a name server needs a port; write 8.8.8.8:53\n");
}

TEST(Problems, WarnAboutKeysThatBelongElsewhere) {
  EXPECT_EQ(warning("use_udp = true"),
            "unknown key `use_udp` in `endpoints` | it belongs in `network`");
  EXPECT_EQ(warning("zebra = true"), "unknown key `zebra` in `endpoints` | ");
}

TEST(Problems, SayThatOldKeysDoNothingWhereverTheyStand) {  // spec 2.1, 13
  for (const auto* key : {"zero_copy", "splice"}) {
    for (const auto* table : {"", "network."}) {
      EXPECT_EQ(warning(table + std::string(key) + " = true"),
                '`' + std::string(key) +
                    "` no longer does anything: bulk data is spliced anyway | remove it, here and "
                    "wherever else it stands in this file");
    }
  }
  EXPECT_TRUE(warning("network.fast_open = true").starts_with("`fast_open` no longer does"));
  EXPECT_TRUE(warning("tfo = \"yes\"").starts_with("`tfo` no longer does")) << "whatever its value";
}

TEST(Problems, SayOnceInEachFileThatAnOldKeyDoesNothing) {
  const std::string rule = "[[endpoints]]\nlisten = \":0\"\nremote = \"a:1\"\nzero_copy = true\n";
  const auto all = load(rule + rule + "network = {fast_open = true, zero_copy = true}\n").warnings;
  EXPECT_EQ(brief(all),
            "t:4:1: warning: `zero_copy` no longer does anything: bulk data is spliced anyway\n"
            "t:9:12: warning: `fast_open` no longer does anything: TCP fast open is not used\n");
  const test::temporary_folder folder;
  folder.write("a.toml", rule);
  folder.write("b.toml", rule);
  EXPECT_EQ(load_path(folder.path(), {}).warnings.size(), 2U) << "each file is told";
}

TEST(Problems, FindDuplicateKeys) {
  // The key or its value, as the version of toml11 has it.
  EXPECT_EQ(brief(problems_of("endpoints = []\na = 1\na = 2\n")).substr(0, 4), "t:3:");
  EXPECT_EQ(brief(problems_of("{\"endpoints\": [],\n \"endpoints\": []}")),
            "t:2:2: error: `endpoints` is given twice in this table\n");
}

TEST(Problems, TakeNullOnlyWhereAKeyMayBeAbsent) {
  EXPECT_EQ(brief(problems_of(R"({"endpoints":[{"listen":null,"remote":"b:2","extra_remotes":null,
"network":null}],"log":null})")),
            "t:1:25: error: `listen` takes an address as a text, not null\n"
            "t:1:61: error: `extra_remotes` takes a list of addresses, not null\n"
            "t:2:11: error: `network` takes a table, not null\n"
            "t:2:24: error: `log` takes a table, not null\n");
  EXPECT_TRUE(load(R"({"endpoints":[],"dns":{"nameservers":null,"mode":null}})").warnings.empty());
}

TEST(Problems, TellOfKeysWithoutTheOneThatTheyNeed) {
  EXPECT_EQ(warning("network.trusted_proxies = [\"::1\"]"),
            "`trusted_proxies` has no effect without `accept_proxy`: anyone may connect | switch "
            "`accept_proxy` on, or remove it");
  EXPECT_EQ(warning("network.send_proxy_udp = \"first\""),
            "`send_proxy_udp` has no effect without `use_udp` | switch `use_udp` on, or remove it");
  for (const auto* fine : {"network.trusted_proxies = []",
                           "network = {trusted_proxies = [\"::1\"], accept_proxy = true}",
                           "network.send_proxy_udp = \"off\"",
                           "network = {send_proxy_udp = \"every\", use_udp = true}"}) {
    EXPECT_EQ(brief(load(with_endpoint(fine)).warnings), "") << fine;
  }
}

TEST(Problems, TellThatNoConnectionsAreKeptReadyForARangeOfPorts) {
  const auto warnings = [](const std::string& ports, const std::string& global) {
    return brief(
        load(global + "[[endpoints]]\nlisten = \":1-2\"\nremote = \"b:" + ports + "\"\n").warnings);
  };
  EXPECT_EQ(warnings("1-2", "[network]\nwarm = 1\n"),
            "t:2:8: warning: `warm` has no effect where `remote` is a range of ports\n");
  EXPECT_EQ(warnings("1", "[network]\nwarm = 1\n"), "") << "all go to one port";
  EXPECT_EQ(warnings("1-2", ""), "");
}

TEST(Problems, TellOfAGlobalKeyOnceAndOnlyIfNoEndpointUsesIt) {
  const std::string global = "[network]\ntrusted_proxies = [\"::1\"]\n";
  const std::string second = "[[endpoints]]\nlisten = \"127.0.0.1:3\"\nremote = \"b:2\"\n";
  EXPECT_EQ(brief(load(global + with_endpoint(second)).warnings),
            "t:2:19: warning: `trusted_proxies` has no effect without `accept_proxy`: anyone may "
            "connect\n");
  for (const auto& one_does : {with_endpoint(second + "network.accept_proxy = true\n"),
                               with_endpoint("network.accept_proxy = true\n" + second)}) {
    EXPECT_EQ(brief(load(global + one_does).warnings), "");
  }
}

TEST(Problems, MatchTheSizesOfPortRanges) {
  const auto load_ports = [](const std::string& listen, const std::string& remote) {
    return load("[[endpoints]]\nlisten = \"" + listen + "\"\nremote = \"" + remote + "\"");
  };
  EXPECT_NO_THROW(load_ports(":1-10", "a:80"));
  EXPECT_NO_THROW(load_ports(":1-10", "a:11-20"));
  EXPECT_THROW(load_ports(":1-10", "a:11-21"), config_error);
  EXPECT_THROW(load_ports(":1", "a:11-12"), config_error);
  EXPECT_NE(only("extra_remotes = [\"c:1-2\"]").find("2 ports do not match the 1 of `listen`"),
            std::string::npos);
}

TEST(Problems, RefuseARuleThatReachesItself) {
  const auto load_pair = [](const std::string& listen, const std::string& remote,
                            const std::string& more = "") {
    return load("[[endpoints]]\nlisten = \"" + listen + "\"\nremote = \"" + remote + "\"\n" + more);
  };
  EXPECT_THROW(load_pair("127.0.0.1:80", "127.0.0.1:80"), config_error);
  EXPECT_THROW(load_pair("0.0.0.0:80", "127.0.0.1:80"), config_error);
  EXPECT_THROW(load_pair(":80-90", "[::1]:85"), config_error);
  EXPECT_THROW(load_pair(":80-89", "127.0.0.1:89-98"), config_error) << "89 is its own";
  EXPECT_THROW(load_pair("0.0.0.0:80", "localhost:80"), config_error);
  EXPECT_THROW(load_pair(":80", "LocalHost.:80"), config_error);
  EXPECT_THROW(load_pair("127.0.0.1:80", "localhost:80"), config_error);
  EXPECT_THROW(load_pair("localhost:80", "127.0.0.1:80"), config_error);
  EXPECT_THROW(load_pair("some.where:80", "some.where:80"), config_error);
  EXPECT_THROW(load_pair(":80", "0.0.0.0:80"), config_error);
  EXPECT_THROW(load_pair("127.0.0.1:80", "b:1", "extra_remotes = [\"c:1\", \"127.0.0.1:80\"]"),
               config_error);
  EXPECT_NO_THROW(load_pair("[::1]:80", "localhost:80")) << "to offer IPv4's to IPv6";
  EXPECT_NO_THROW(load_pair("0.0.0.0:80", "[::1]:80"));
  EXPECT_NO_THROW(load_pair(":80", "127.0.0.1:80", "network.ipv6_only = true"));
  EXPECT_NO_THROW(load_pair(":80", "127.0.0.1:80", "listen_interface = \"eth0\""));
  EXPECT_NO_THROW(load_pair("localhost:80", "localhost:81"));
  EXPECT_NO_THROW(load_pair("localhost:80", "localhost.example:80"));
  EXPECT_NO_THROW(load_pair("127.0.0.1:80", "127.0.0.1:81"));
  EXPECT_NO_THROW(load_pair("127.0.0.1:80", "127.0.0.2:80"));
  EXPECT_NO_THROW(load_pair("0.0.0.0:80", "10.0.0.1:80"));
  EXPECT_NO_THROW(load_pair(":80-89", "127.0.0.1:90-99"));
}

TEST(Problems, ClampWhatTheKernelWouldRefuse) {
  const auto made = load(with_endpoint("") + with_endpoint("network.tcp_keepalive_probe = 200\n") +
                         "[network]\ntcp_keepalive = 40000\ntcp_keepalive_probe = 0\n");
  EXPECT_EQ(brief(made.warnings),
            "t:7:31: warning: `tcp_keepalive_probe`: the kernel takes 1 to 127\n"
            "t:9:17: warning: `tcp_keepalive`: the kernel takes at most 32767 seconds\n"
            "t:10:23: warning: `tcp_keepalive_probe`: the kernel takes 1 to 127\n");
  EXPECT_EQ(made.value.endpoints.at(0).network.tcp_keepalive.count(), 32767);
  EXPECT_EQ(made.value.endpoints.at(0).network.tcp_keepalive_probe, 1);
  EXPECT_EQ(made.value.endpoints.at(1).network.tcp_keepalive_probe, 127);
  EXPECT_TRUE(load(with_endpoint("network.tcp_keepalive = 0")).warnings.empty());
}

TEST(Problems, CheckWhatTheCommandLineForces) {
  overrides forced;
  force(forced.network, &network::send_proxy_version, 7);
  EXPECT_EQ(brief(problems_of(with_endpoint("") + "[[endpoints]]\nlisten = \"127.0.0.1:9\"\n"
                                                  "remote = \"b:2\"\n",
                              forced)),
            "command line: error: `send_proxy_version`: there is no version 7\n");
}

TEST(Problems, CompareTheTimesToLive) {
  EXPECT_EQ(brief(problems_of("endpoints = []\n[dns]\nmin_ttl = 10\nmax_ttl = 9\n")),
            "t:3:11: error: `min_ttl` (10) is above `max_ttl` (9)\n");
  EXPECT_THROW(load("endpoints = []\n[dns]\nmin_ttl = 100000\n"), config_error);
  EXPECT_NO_THROW(load("endpoints = []\n[dns]\nmin_ttl = 9\nmax_ttl = 9\n"));
}

std::string named(const std::string& listen, const std::string& name) {
  return "[[endpoints]]\nlisten = \"" + listen + "\"\nremote = \"b:2\"\nname = \"" + name + "\"\n";
}

TEST(Problems, ANameIsOfOneEndpoint) {
  const auto problems =
      problems_of(named(":1", "a") + named(":2", "b") + named(":3", "a") + named(":4", "a"));
  EXPECT_EQ(brief(problems),
            "t:12:8: error: `name`: `a` is already the name of the endpoint at t:4:8\n"
            "t:16:8: error: `name`: `a` is already the name of the endpoint at t:4:8\n");
  EXPECT_EQ(problems.at(0).hint, "each endpoint has a name of its own, or none");
  EXPECT_TRUE(load(named(":1", "a") + named(":2", "A") + with_endpoint("")).warnings.empty());
}

TEST(Problems, OneNameForThousandsIsToldQuickly) {
  std::string text;
  for (int port = 1; port <= 5000; ++port) text += named(':' + std::to_string(port), "a");
  const auto problems = problems_of(text);
  ASSERT_EQ(problems.size(), 51U);
  EXPECT_EQ(problems.back().message, "and 4949 more errors");
}

TEST(Problems, SayWhatANameIsMadeOf) {
  EXPECT_EQ(only("name = \"\""),
            "`name`: the name is empty | leave the key out where there is no name");
  EXPECT_EQ(only("name = \"my web\""),
            "`name`: `my web` is no name | it takes letters, digits, `-`, `_` and `.`, such as "
            "\"web-1\"");
  EXPECT_EQ(only("name = \"" + std::string(65, 'a') + '"'),
            "`name`: the name is longer than 64 characters | ");
  EXPECT_TRUE(load(with_endpoint("name = \"" + std::string(64, 'a') + '"')).warnings.empty());
}

TEST(Problems, CheckTheBalanceText) {
  EXPECT_NE(only("balance = \"\"").find("unknown strategy ``"), std::string::npos);
  EXPECT_NE(only("balance = \"RoundRobin: 1\"").find("unknown strategy"), std::string::npos);
  EXPECT_NE(only("balance = \"off\"").find("colon"), std::string::npos);
  EXPECT_TRUE(load(with_endpoint("balance = \"off:\"")).warnings.empty());
  const std::string two = "extra_remotes = [\"c:3\"]\n";
  EXPECT_TRUE(load(with_endpoint(two)).warnings.empty());
  EXPECT_TRUE(load(with_endpoint(two + "balance = \" iphash : 0, 255,\"")).warnings.empty());
  EXPECT_NE(warning(two + "balance = \"roundrobin: 1, 2, 3\"").find("surplus weights"),
            std::string::npos);
  EXPECT_NE(warning(two + "balance = \"roundrobin: 1\"").find("never chosen"), std::string::npos);
  EXPECT_NE(warning(two + "balance = \"roundrobin: 1, 256, 2\"").find("`256` is no weight"),
            std::string::npos);
}

TEST(Problems, KnowWhatOtherProgramsCallAStrategy) {
  for (const auto* name : {"round-robin", "Round_Robin", "round robin", "rr"}) {
    const bool known = std::string_view(name) != "rr";
    EXPECT_EQ(
        only("balance = \"" + std::string(name) + ": 1\"").find("did you mean `roundrobin`?") !=
            std::string::npos,
        known)
        << name;
  }
  EXPECT_NE(only("balance = \"ip-hash:\"").find("did you mean `iphash`?"), std::string::npos);
}

TEST(Problems, CountInEnglish) {
  EXPECT_NE(warning("extra_remotes = [\"c:3\"]\nbalance = \"roundrobin: 1\"")
                .find("1 weight for 2 remotes"),
            std::string::npos);
  EXPECT_NE(warning("balance = \"roundrobin: 1, 2\"").find("2 weights for 1 remote |"),
            std::string::npos);
}

TEST(Problems, ALinkLocalAddressNeedsAZone) {
  const auto rule = [](const std::string& listen, const std::string& remote,
                       const std::string& more) {
    return "[[endpoints]]\nlisten = \"" + listen + "\"\nremote = \"" + remote + "\"\n" + more;
  };
  const auto first = [](const std::string& text) {
    const auto problems = problems_of(text);
    return brief({problems.at(0)}) + problems.at(0).hint;
  };
  EXPECT_EQ(
      first(rule("[fe80::1]:80", "b:2", "")),
      "t:2:10: error: `listen`: the link-local address fe80::1 needs a zone, the device of its "
      "network\nwrite [fe80::1%eth0]:80 with the name of yours, or give `listen_interface`");
  EXPECT_NE(first(rule(":1", "[fe80::1]:80", "")).find("t:3:10: error: `remote`"),
            std::string::npos);
  EXPECT_NE(first(rule(":1", "b:2", "extra_remotes = [\"[fe80::1]:2\"]")).find("`extra_remotes`"),
            std::string::npos);
  EXPECT_NE(first(rule(":1", "b:2", "through = \"fe80::1\"")).find("write [fe80::1%eth0] with"),
            std::string::npos);
  for (const auto& good : {rule("[fe80::1%2]:80", "[fe80::2%eth0]:80", ""),
                           rule("[fe80::1]:80", "b:2", "listen_interface = \"eth0\""),
                           rule(":1", "[fe80::1]:80", "interface = \"eth0\"")}) {
    EXPECT_TRUE(load(good).warnings.empty()) << good;
  }
}

TEST(Problems, CheckTheTransportTexts) {
  for (const auto* good :
       {"", "ws;host=a;path=/", " tls ; servername = a ; ws ; host=b ; path=c ;;",
        "tls;cert=a;key=b", "tls;certfile=a;keyfile=b;alpn=h2"}) {
    EXPECT_NO_THROW(load(with_endpoint(std::string("listen_transport = \"") + good + '"'))) << good;
  }
  for (const auto* bad :
       {"ws", "ws;host=a", "ws;host=;path=/", "ws;path=/", "tls", "tls;cert=a", "tls;key=a",
        "tls;sni=a", "tls;cert=a;key=b;ca=c", "tls;certfile=a;cert=x;key=b"}) {
    EXPECT_THROW(load(with_endpoint(std::string("listen_transport = \"") + bad + '"')),
                 config_error)
        << bad;
  }
  EXPECT_NO_THROW(load(with_endpoint("remote_transport = \"tls;sni=a;insecure;0rtt\"")));
  EXPECT_NE(only("remote_transport = \"tls;0rtt\"").find("tls needs sni"), std::string::npos);
  EXPECT_NE(only("remote_transport = \"tls;sni=a;insecur\"").find("did you mean `insecure`?"),
            std::string::npos);
}

TEST(Problems, TellOnlyTheSyntaxErrorOfAText) {
  // Where a place is not given whole, the versions of toml11 differ.
  const std::pair<const char*, const char*> cases[] = {
      {"[log]\nlevel = 3\noutput \"x\"\n", "t:3:"},
      {"[log]\nlevel = \"info\n", "t:2:9: error: this text has no quote at its end"},
      {"a = [1,\n 2\n b = 3\n", "t:3:2: error: not valid TOML"},
      {"[log]\n[log]\n", "t:2:1: error: `[log]` is one table, and there is one already"},
      {"endpoints = []\n[endpoints.network]\na = 1\n", "t:"},
      {"{\"log\": {\"level\": 3},\n \"x\" 1}", "t:2:6: error: not valid JSON"},
      {"{\"log\": ", "t:1:9: error: not valid JSON"},
      {"{} x", "t:1:4: error: not valid JSON"},
      {"{\"a\": 1e999}", "t:1:11: error: not valid JSON"},
  };
  for (const auto& [text, expected] : cases) {
    const auto problems = problems_of(text);
    EXPECT_EQ(problems.size(), 1U) << text;
    EXPECT_EQ(brief(problems).substr(0, std::string_view(expected).size()), expected) << text;
  }
}

TEST(Problems, RefuseTextsThatAreNoTexts) {
  EXPECT_EQ(brief(problems_of(std::string("endpoints = []\n\0", 16))),
            "t:2:1: error: there is a zero byte in here\n");
  for (const std::string bad : {"\xff", "\x80", "\xc0\x80", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80",
                                "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf8\x80\x80\x80"}) {
    EXPECT_EQ(brief(problems_of("a = '" + bad + "'\n")),
              "t:1:6: error: the text is not UTF-8 from here on\n");
    EXPECT_EQ(brief(problems_of("{\"a\": \"" + bad + "\"}")),
              "t:1:8: error: the text is not UTF-8 from here on\n");
  }
  for (const std::string good : {"\u00e4", "\u20ac", "\U0001f600", "\U0010ffff", "\ud7ff"}) {
    EXPECT_EQ(load("endpoints = []\na = '" + good + "'\n").warnings.size(), 1U);
  }
}

TEST(Problems, ThroughMustBeOfTheRemotesFamily) {
  const std::string rule = "[[endpoints]]\nlisten = \"127.0.0.1:1\"\nthrough = \"::1\"\n";
  EXPECT_EQ(brief(problems_of(rule + "remote = \"192.0.2.1:2\"\n")),
            "t:3:11: error: `through`: ::1 and `remote` 192.0.2.1:2 are of different families, "
            "IPv4 and IPv6\n");
  EXPECT_TRUE(load(rule + "remote = \"[2001:db8::1]:2\"\n").warnings.empty());
  EXPECT_TRUE(load(rule + "remote = \"a.name:2\"\n").warnings.empty()) << "it may have both";
}

TEST(Problems, StopAtDeepNesting) {
  const auto many = [](const std::string& part) {
    std::string text;
    for (int at = 0; at < 50000; ++at) text += part;
    return text;
  };
  for (const auto& text :
       {"a = " + many("["), "a = " + many("{a="), "a = " + many("[\n"), many("a.") + "a = 1",
        "[" + many("a.") + "a]", "a = {" + many("b.") + "c=1}", "{\"a\":" + many("["),
        many("{\"a\":"), "a = ['''b'''', " + many("["), "a = [\"\"\"b\"\"\"\"\", " + many("[")}) {
    const auto problems = problems_of(text);
    ASSERT_EQ(problems.size(), 1U) << text.substr(0, 20);
    EXPECT_EQ(problems[0].message, "this is nested too deeply") << text.substr(0, 20);
  }
}

TEST(Problems, APortInThroughIsWarnedOfWhereUdpNeedsMany) {
  const std::string through = "through = \"127.0.0.1:7000\"\n";
  EXPECT_EQ(warning(through + "network.use_udp = true"),
            "`through`: with a port, UDP serves one client at a time, and each new one takes the "
            "place of the last | leave the port out, unless there is only one client");
  EXPECT_TRUE(load(with_endpoint(through)).warnings.empty());
  EXPECT_TRUE(
      load(with_endpoint("through = \"127.0.0.1\"\nnetwork.use_udp = true")).warnings.empty());
}

TEST(Problems, NoAssociationsAtAllIsNoLimit) {
  EXPECT_NE(only("max_associations = 0").find("`max_associations`: the number is out of range"),
            std::string::npos);
}

}  // namespace
}  // namespace relay::config
