#include <relay/app/command_line.hpp>

#include <gtest/gtest.h>

#include <functional>

namespace relay::app {
namespace {

using namespace std::chrono_literals;
using words = std::vector<std::string>;

invocation understood(const words& given) {
  auto answer = parse(given);
  if (const auto* wrong = std::get_if<usage_error>(&answer)) {
    ADD_FAILURE() << wrong->message;
    return invocation();
  }
  return std::get<invocation>(answer);
}

const service_words& service(const invocation& of) { return std::get<service_words>(of.own); }

question_words question(const words& given) {
  return std::get<question_words>(understood(given).own);
}

shell completed_shell(const words& given) {
  return std::get<completion_words>(understood(given).own).for_shell;
}

std::string refusal(const words& given) {
  const auto answer = parse(given);
  const auto* wrong = std::get_if<usage_error>(&answer);
  if (!wrong) ADD_FAILURE() << "accepted: " << given.front();
  return wrong ? wrong->message : std::string();
}

struct flag_row {
  std::string letter, name;
  std::function<bool(const invocation&)> set;
};

TEST(CommandLine, EveryFlagHasALetterAndAName) {  // spec 1.2
  const std::vector<flag_row> rows{
      {"-h", "--help", [](auto& i) { return i.help; }},
      {"-v", "--version", [](auto& i) { return i.version; }},
      {"-d", "--daemon", [](auto& i) { return service(i).daemon; }},
      {"-u", "--udp", [](auto& i) { return i.forced.network.use_udp == true; }},
      {"-m", "--mtcp",
       [](auto& i) {
         return i.forced.network.send_mptcp == true && i.forced.network.accept_mptcp == true;
       }},
      {"-m", "--mptcp", [](auto& i) { return i.forced.network.send_mptcp == true; }},
      {"-t", "--ntcp", [](auto& i) { return i.forced.network.no_tcp == true; }},
      {"-6", "--ipv6", [](auto& i) { return i.forced.network.ipv6_only == true; }},
      {"-f", "--tfo", [](auto&) { return true; }},
      {"-z", "--splice", [](auto&) { return true; }},
  };
  for (const auto& row : rows) {
    EXPECT_TRUE(row.set(understood({row.letter}))) << row.letter;
    EXPECT_TRUE(row.set(understood({row.name}))) << row.name;
    EXPECT_NE(refusal({row.name + "=true"}), "");
    EXPECT_NE(refusal({row.letter + "=true"}), "");
    EXPECT_NE(refusal({row.letter, row.name}), "") << "twice";
  }
}

struct value_row {
  std::string letter, name, value;
  std::function<std::string(const invocation&)> got;
};

TEST(CommandLine, EveryOptionTakesItsValueInEverySpelling) {  // spec 1.1, 1.2
  const auto endpoint = [](auto member) {
    return [member](const invocation& i) { return (i.endpoints.front().*member).value_or("none"); };
  };
  using one = config::command_line_endpoint;
  const std::vector<value_row> rows{
      {"-c", "--config", "a.toml", [](auto& i) { return i.config.value_or("none"); }},
      {"-x", "--through", "[::1]", endpoint(&one::through)},
      {"-i", "--interface", "eth0", endpoint(&one::interface)},
      {"-e", "--listen-interface", "eth1", endpoint(&one::listen_interface)},
      {"-a", "--listen-transport", "ws;host=a;path=/", endpoint(&one::listen_transport)},
      {"-b", "--remote-transport", "tls;sni=a", endpoint(&one::remote_transport)},
      {"-n", "--nofile", "512",
       [](auto& i) { return std::to_string(service(i).nofile.value_or(0)); }},
      {"-j", "--pre-conn-hook", "a.so", [](auto& i) { return service(i).hook.value_or("none"); }},
      {"", "--log-output", "a.log", [](auto& i) { return i.forced.log.output; }},
  };
  for (const auto& row : rows) {
    std::vector<words> spellings{{row.name, row.value}, {row.name + "=" + row.value}};
    if (!row.letter.empty()) {
      spellings.push_back({row.letter, row.value});
      spellings.push_back({row.letter + row.value});
      spellings.push_back({row.letter + "=" + row.value});
      spellings.push_back({"-u" + row.letter.substr(1), row.value});
    }
    for (auto spelling : spellings) {
      spelling.insert(spelling.end(), {"-l", ":1", "-r", "a:1"});
      EXPECT_EQ(row.got(understood(spelling)), row.value) << spelling.front();
    }
    EXPECT_NE(refusal({row.name}), "") << "no value";
    EXPECT_NE(refusal({row.name, "a", row.name, "b"}), "") << "twice";
  }
}

TEST(CommandLine, ListenAndRemoteInEverySpelling) {
  for (const auto& given : std::vector<words>{{"-l", "a:1", "-r", "b:2"},
                                              {"-la:1", "-rb:2"},
                                              {"-l=a:1", "-r=b:2"},
                                              {"--listen", "a:1", "--remote", "b:2"},
                                              {"--listen=a:1", "--remote=b:2"},
                                              {"-ut6la:1", "-fzr=b:2"},
                                              {"-r", "b:2", "-l", "a:1", "--"}}) {
    const auto got = understood(given);
    ASSERT_EQ(got.endpoints.size(), 1U);
    EXPECT_EQ(got.endpoints[0].listen, "a:1");
    EXPECT_EQ(got.endpoints[0].remote, "b:2");
    EXPECT_EQ(got.missing, "");
  }
}

TEST(CommandLine, OnlyTheFirstEqualsSignIsOfTheSpelling) {
  EXPECT_EQ(understood({"-c==a"}).config, "=a");
  EXPECT_EQ(understood({"--config=a=b"}).config, "a=b");
  EXPECT_EQ(understood({"-c="}).config, "");
}

TEST(CommandLine, PairsAreEndpointsInOrderAndShareTheRest) {
  const auto got = understood({"-l", "a:1", "-x", "::1", "-r", "b:1", "-r", "b:2", "-l", "a:2"});
  ASSERT_EQ(got.endpoints.size(), 2U);
  EXPECT_EQ(got.endpoints[1].listen, "a:2");
  EXPECT_EQ(got.endpoints[1].remote, "b:2");
  EXPECT_EQ(got.endpoints[0].through, "::1");
  EXPECT_EQ(got.endpoints[1].through, "::1");
  EXPECT_NE(refusal({"-l", "a:1", "-l", "a:2", "-r", "b:1", "-r", "b:2"}), "");
}

TEST(CommandLine, HalfAPairNamesWhatIsMissing) {  // spec 1.3
  EXPECT_NE(understood({"-l", "a:1"}).missing.find("-r"), std::string::npos);
  EXPECT_NE(understood({"-r", "a:1"}).missing.find("-l"), std::string::npos);
  EXPECT_NE(understood({"-u"}).missing, "");
  EXPECT_NE(understood({"-l", "a:1", "-r", "b:1", "-l", "a:2"}).missing.find("a:2"),
            std::string::npos);
  EXPECT_TRUE(understood({"-c", "x"}).endpoints.empty());
}

TEST(CommandLine, ValueThatBeginsWithADashMustBeAttached) {
  EXPECT_NE(refusal({"-l", "-x"}), "");
  EXPECT_NE(refusal({"--config", "-c"}), "");
  EXPECT_EQ(understood({"-c-x"}).config, "-x");
  EXPECT_EQ(understood({"-c=-x"}).config, "-x");
  EXPECT_EQ(understood({"--config=-x"}).config, "-x");
}

TEST(CommandLine, WordsThatMakeNoSenseAreNamed) {  // spec 1.1
  EXPECT_NE(refusal({"--frobnicate"}).find("--frobnicate"), std::string::npos);
  EXPECT_NE(refusal({"--vers"}).find("--vers"), std::string::npos);
  EXPECT_NE(refusal({"-uq"}).find("-q"), std::string::npos);
  EXPECT_NE(refusal({"-\xc3\xa9"}).find("-\xc3\xa9"), std::string::npos);
  EXPECT_NE(refusal({"serve"}).find("serve"), std::string::npos);
  EXPECT_NE(refusal({"chek", "a.toml"}).find("did you mean `check`?"), std::string::npos);
  EXPECT_EQ(refusal({"relay.toml"}).find("did you mean"), std::string::npos);
  EXPECT_NE(refusal({"-u", "--", "-t"}).find("-t"), std::string::npos);
  EXPECT_NE(refusal({"-u", "check"}).find("first"), std::string::npos);
  EXPECT_NE(refusal({"-"}), "");
  EXPECT_EQ(refusal({}), "");
}

TEST(CommandLine, ArgumentsMustBeUtf8) {
  EXPECT_EQ(understood({"-c", "\xe4\xb8\xad\xf0\x9f\x98\x80"}).config,
            "\xe4\xb8\xad\xf0\x9f\x98\x80");
  for (const char* bad :
       {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xe4\xb8", "\xf4\x90\x80\x80", "\x80"})
    EXPECT_NE(refusal({"-c", bad}), "");
}

TEST(CommandLine, OverridesAreNumbersWordsAndBooleans) {
  const auto got = understood(
      {"--log-level=WARN", "--dns-mode=Ipv6_Only", "--dns-min-ttl=1", "--dns-max-ttl=2",
       "--dns-cache-size=3", "--dns-protocol=tcp", "--send-proxy=true", "--send-proxy-version=1",
       "--accept-proxy", "false", "--accept-proxy-timeout=4", "--tcp-timeout=5", "--udp-timeout=+6",
       "--tcp-keepalive=7", "--tcp-keepalive-probe=8", "-p", "64"});
  EXPECT_TRUE(got.warnings.empty());
  EXPECT_EQ(got.forced.log.level, config::log_level::warn);
  EXPECT_EQ(got.forced.dns.mode, config::dns_mode::ipv6_only);
  EXPECT_EQ(got.forced.dns.min_ttl, 1s);
  EXPECT_EQ(got.forced.dns.max_ttl, 2s);
  EXPECT_EQ(got.forced.dns.cache_size, 3U);
  EXPECT_EQ(got.forced.dns.protocol, config::dns_protocol::tcp);
  EXPECT_EQ(got.forced.network.send_proxy, true);
  EXPECT_EQ(got.forced.network.send_proxy_version, 1);
  EXPECT_EQ(got.forced.network.accept_proxy, false);
  EXPECT_EQ(got.forced.network.accept_proxy_timeout, 4s);
  EXPECT_EQ(got.forced.network.tcp_timeout, 5s);
  EXPECT_EQ(got.forced.network.udp_timeout, 6s);
  EXPECT_EQ(got.forced.network.tcp_keepalive, 7s);
  EXPECT_EQ(got.forced.network.tcp_keepalive_probe, 8);
  EXPECT_EQ(service(got).pipe_bytes, 64U * 4096);
}

TEST(CommandLine, ValuesThatDoNotParseCountAsNotGivenWithAWarning) {  // spec 1.2
  const auto got = understood({"--tcp-timeout=5s", "--udp-timeout=-1", "--dns-min-ttl=4294967296",
                               "--send-proxy=yes", "--dns-cache-size=", "--tcp-keepalive=+-1"});
  EXPECT_EQ(got.warnings.size(), 6U);
  for (const auto* key : {"tcp_timeout", "udp_timeout", "send_proxy", "tcp_keepalive"})
    EXPECT_FALSE(got.forced.network.keys.has(key)) << key;
  for (const auto* key : {"min_ttl", "cache_size"})
    EXPECT_FALSE(got.forced.dns.keys.has(key)) << key;
}

TEST(CommandLine, UnknownWordsBecomeTheDefaultAndStillOverride) {
  const auto got = understood({"--log-level=loud", "--dns-mode=x", "--dns-protocol=quic"});
  EXPECT_EQ(got.warnings.size(), 3U);
  EXPECT_TRUE(got.forced.log.keys.has("level"));
  EXPECT_TRUE(got.forced.dns.keys.has("mode") && got.forced.dns.keys.has("protocol"));
  EXPECT_EQ(got.forced.log.level, config::log_level::off);
  EXPECT_EQ(got.forced.dns.mode, config::dns_mode::ipv4_and_ipv6);
  EXPECT_EQ(got.forced.dns.protocol, config::dns_protocol::tcp_and_udp);
}

TEST(CommandLine, NameServersAreTrimmed) {
  const auto got = understood({"--dns-servers", "1.1.1.1:53, [::1]:5353"});
  ASSERT_EQ(got.forced.dns.nameservers.size(), 2U);
  EXPECT_EQ(got.forced.dns.nameservers.back().to_string(), "[::1]:5353");
}

TEST(CommandLine, EachNameServerThatIsNoneIsRefusedWithItsPlace) {
  const auto got = understood({"--dns-servers", "1.1.1.1, dns.test:53,x:0,"});
  std::string all;
  for (const auto& each : got.forced.refused)
    all += each.where.to_string() + ' ' + each.message + '\n';
  EXPECT_EQ(all,
            "command line:1:15 `--dns-servers`: entry `1.1.1.1`: a name server needs a port; write "
            "1.1.1.1:53\n"
            "command line:1:36 `--dns-servers`: entry `x:0`: port 0 cannot be asked\n"
            "command line:1:40 `--dns-servers`: entry ``: the address is empty; write host:port\n");
  EXPECT_TRUE(got.warnings.empty());
  EXPECT_FALSE(understood({"--dns-servers="}).forced.refused.empty());
  EXPECT_TRUE(understood({"--dns-servers=dns.test:53"}).forced.refused.empty());
}

TEST(CommandLine, BadLimitsKeepTheReferencesWords) {
  const auto got = understood({"-n", "many", "-p", "4503599627370496"});
  EXPECT_TRUE(service(got).nofile_given);
  EXPECT_FALSE(service(got).nofile || service(got).pipe_bytes);
  EXPECT_EQ(got.warnings,
            (words{"invalid nofile value: many", "invalid page value: 4503599627370496"}));
}

TEST(CommandLine, CheckTakesTheOverridesAndItsOwnFlags) {
  const auto got = understood({"check", "-c", "a", "--strict", "--print", "-u"});
  EXPECT_EQ(got.what, command::check);
  const auto& own = std::get<check_words>(got.own);
  EXPECT_TRUE(own.strict && own.print && got.forced.network.use_udp == true);
  EXPECT_EQ(std::get<check_words>(understood({"check", "-c", "a", "-j", "a.so"}).own).hook, "a.so");
  EXPECT_NE(refusal({"check", "-d"}), "");
  EXPECT_NE(refusal({"--strict"}), "");
}

TEST(CommandLine, ConvertHasOptionsOfItsOwn) {
  const auto got = understood({"convert", "-t", "json", "old.json", "-o=new.json"});
  EXPECT_EQ(got.what, command::convert);
  const auto& own = std::get<convert_words>(got.own);
  EXPECT_EQ(own.format, config::convert_format::json);
  EXPECT_EQ(own.input, "old.json");
  EXPECT_EQ(own.output, "new.json");
  const auto other = understood({"convert", "--type=toml", "a"});
  EXPECT_EQ(std::get<convert_words>(other.own).format, config::convert_format::toml);
  EXPECT_NE(refusal({"convert", "-t", "yaml", "a"}).find("yaml"), std::string::npos);
  EXPECT_TRUE(understood({"convert", "-h"}).help);
  EXPECT_TRUE(understood({"convert", "--help", "a"}).help);
  EXPECT_NE(refusal({"convert", "a", "b"}), "");
  EXPECT_EQ(refusal({"convert"}), "") << "shows the help";
}

TEST(CommandLine, CompletionTakesOneOfThreeShells) {
  EXPECT_EQ(completed_shell({"completion", "bash"}), shell::bash);
  EXPECT_EQ(completed_shell({"completion", "zsh"}), shell::zsh);
  EXPECT_EQ(understood({"completion", "fish"}).what, command::completion);
  EXPECT_TRUE(understood({"completion", "-h"}).help);
  for (const auto& given : {words{"completion"}, words{"completion", "tcsh"}})
    for (const char* known : {"bash", "zsh", "fish"})
      EXPECT_NE(refusal(given).find(known), std::string::npos) << refusal(given);
  EXPECT_NE(refusal({"completion", "bash", "zsh"}), "");
  EXPECT_NE(refusal({"completion", "-l", "a"}), "");
}

TEST(CommandLine, QuestionsForARunningRelayAreWholeOrRefused) {
  for (const char* word : {"status", "sessions", "reload", "plan", "confirm"}) {
    const auto got = understood({word});
    EXPECT_TRUE(asks_daemon(got.what)) << word;
    EXPECT_TRUE(got.endpoints.empty()) << word;
    EXPECT_NE(refusal({word, "more"}), "") << word;
    EXPECT_TRUE(understood({word, "--help"}).help) << word;
  }
  EXPECT_EQ(question({"kill", "42"}).about, "42");
  EXPECT_EQ(question({"drain", "web"}).about, "web");
  EXPECT_EQ(question({"log-level", "info"}).about, "info");
  EXPECT_TRUE(refusal({"kill"}).starts_with("end which session?"));
  EXPECT_TRUE(refusal({"drain"}).starts_with("drain which endpoint?"));
  EXPECT_TRUE(refusal({"log-level"}).starts_with("which level?"));
  EXPECT_NE(refusal({"kill", "-1"}), "");
  EXPECT_NE(refusal({"kill", "web"}), "");
  EXPECT_NE(refusal({"log-level", "loud"}), "");
  EXPECT_TRUE(understood({"kill", "--help"}).help) << "without a number";
  EXPECT_FALSE(asks_daemon(understood({"check", "-c", "a"}).what));
}

TEST(CommandLine, QuestionsHaveOptionsOfTheirOwn) {
  const auto control = [](const words& given) { return understood(given).forced.control.path; };
  EXPECT_EQ(control({"status", "--control", "/a.sock"}), "/a.sock");
  EXPECT_EQ(control({"--control=/a.sock", "-c", "a"}), "/a.sock");
  EXPECT_EQ(control({"check", "--control=off", "-c", "a"}), "off");
  EXPECT_EQ(understood({"status", "-c", "a.toml"}).config, "a.toml");
  EXPECT_EQ(understood({"plan", "-c", "a.toml"}).config, "a.toml");
  EXPECT_TRUE(question({"status", "--json"}).json);
  EXPECT_EQ(question({"sessions", "--filter", "kind=udp"}).filter, "kind=udp");
  const auto reload = question({"reload", "--wait", "--confirm", "2m"});
  EXPECT_TRUE(reload.waits);
  EXPECT_EQ(reload.confirm, 2min);
  EXPECT_EQ(refusal({"reload", "--confirm=soon"}), "--confirm is a time such as 30s, not `soon`");
  EXPECT_NE(refusal({"reload", "--confirm=0"}), "");
  EXPECT_NE(refusal({"kill", "7", "--json"}), "");
  EXPECT_NE(refusal({"status", "-l", ":1"}), "");
}

TEST(Completion, EveryOptionAndCommandStandsInEveryScript) {
  for (const auto each : {shell::bash, shell::zsh, shell::fish}) {
    const auto script = completion_script(each);
    const std::string dashes = each == shell::fish ? "-l " : "--";
    for (const char* option : {"help", "config", "tcp-keepalive-probe", "strict", "type"})
      EXPECT_NE(script.find(dashes + option), std::string::npos) << option << '\n' << script;
    for (const char* word : {"check", "convert", "demo", "completion", "ipv6_then_ipv4", "fish"})
      EXPECT_NE(script.find(word), std::string::npos) << word << '\n' << script;
  }
}

TEST(Help, SectionsStandInTheReferencesOrder) {
  const auto text = help_text(command::relay);
  std::size_t at = 0;
  for (const char* section :
       {"\nCOMMANDS:", "\nFLAGS:", "\nOPTIONS:", "\nSYS OPTIONS:", "\nLOG OPTIONS:",
        "\nDNS OPTIONS:", "\nPROXY OPTIONS:", "\nTIMEOUT OPTIONS:"}) {
    const auto found = text.find(section, at);
    ASSERT_NE(found, std::string::npos) << section << text;
    at = found;
  }
  for (const char* word :
       {"convert", "check", "demo", "completion", "--tcp-keepalive-probe", "-l,--listen"})
    EXPECT_NE(text.find(word), std::string::npos) << word << text;
}

TEST(Help, EachCommandShowsItsOwnOptions) {
  EXPECT_NE(help_text(command::check).find("--strict"), std::string::npos);
  EXPECT_EQ(help_text(command::relay).find("--strict"), std::string::npos);
  EXPECT_NE(help_text(command::convert).find("--type"), std::string::npos);
  EXPECT_EQ(help_text(command::demo).find("--nofile"), std::string::npos);
  EXPECT_NE(help_text(command::completion).find("bash|zsh|fish"), std::string::npos);
  EXPECT_EQ(help_text(command::completion).find("--config"), std::string::npos);
}

TEST(Help, VersionIsOneLine) {
  EXPECT_EQ(version_line(), "relay " RELAY_VERSION
                            " [batched-udp][hook][proxy][balance][transport][multi-thread]\n");
}

}  // namespace
}  // namespace relay::app
