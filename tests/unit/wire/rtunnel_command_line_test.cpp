#include <relay/wire/rtunnel_command_line.hpp>

#include <gtest/gtest.h>

#include <vector>

namespace relay::wire {
namespace {

using words = std::vector<std::string>;

rtunnel_command understood(const words& of) {
  const auto made = read_rtunnel_command(of);
  if (const auto* why = std::get_if<rtunnel_refusal>(&made)) {
    ADD_FAILURE() << why->message;
    return {};
  }
  return std::get<rtunnel_command>(made);
}

rtunnel_refusal refused(const words& of) {
  const auto made = read_rtunnel_command(of);
  if (std::holds_alternative<rtunnel_command>(made)) {
    ADD_FAILURE() << "it was understood";
    return {};
  }
  return std::get<rtunnel_refusal>(made);
}

TEST(RtunnelCommandLine, FirstWordDecidesTheRole) {  // spec 1
  for (const auto* url : {"ws://a:1", "wss://a:1", "http://a:1", "https://a:1"}) {
    EXPECT_EQ(understood({url, "2222"}).role, rtunnel_role::client) << url;
    EXPECT_EQ(understood({url, "stdio://x"}).role, rtunnel_role::stdio) << url;
    EXPECT_EQ(understood({url, "stdio://"}).role, rtunnel_role::stdio) << url;
  }
  EXPECT_EQ(understood({"22", "8080"}).role, rtunnel_role::server);
  EXPECT_EQ(refused({"WS://a:1", "2222"}).exit_code, 1);  // no URL, by its case; and no address
  EXPECT_EQ(refused({"22", "ws://a:1"}).exit_code, 1);
  EXPECT_EQ(refused({"22", "stdio://"}).exit_code, 1);
}

TEST(RtunnelCommandLine, SchemesOfTheWebAreThoseOfWebSocket) {  // spec 1.3
  EXPECT_EQ(understood({"http://a:1/x?y=http://z", "1"}).url, "ws://a:1/x?y=http://z");
  EXPECT_EQ(understood({"https://a/", "1"}).url, "wss://a/");
  EXPECT_EQ(understood({"wss://a/B?c=D", "1"}).url, "wss://a/B?c=D");
}

TEST(RtunnelCommandLine, AddressesAreMadeWhole) {  // spec 1.2
  const struct {
    const char* given;
    const char* of_target;
    const char* of_listen;
    const char* of_local;
  } cases[] = {
      {"22", "127.0.0.1:22", "0.0.0.0:22", "127.0.0.1:22"},
      {":22", "127.0.0.1:22", "0.0.0.0:22", "127.0.0.1:22"},
      {"a.example:22", "a.example:22", "a.example:22", "a.example:22"},
      {"0.0.0.0:22", "0.0.0.0:22", "0.0.0.0:22", "0.0.0.0:22"},
      {"[::1]:22", "[::1]:22", "[::1]:22", "[::1]:22"},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(understood({"ws://a", each.given}).listen, each.of_local) << each.given;
    EXPECT_EQ(understood({"1", each.given}).listen, each.of_listen) << each.given;
    EXPECT_EQ(understood({each.given, "1"}).target, each.of_target) << each.given;
  }
}

TEST(RtunnelCommandLine, AddressesThatAreNoneAreRefused) {
  for (const auto* given : {"", "a.example", "a.example:", "a.example:x", "70000", "a:70000",
                            "::1:22", "[::1]", "1-2", "a:1-2", "tcp://a:1", "-", "+5"}) {
    for (const auto& of : {words{"ws://a", given}, words{"1", given}, words{given, "1"}}) {
      const auto why = refused(of);
      EXPECT_EQ(why.exit_code, 1) << given;
      EXPECT_FALSE(why.shows_usage) << given;
      EXPECT_FALSE(why.message.empty()) << given;
    }
  }
}

TEST(RtunnelCommandLine, TheSystemMayChooseWhereToListen) {
  EXPECT_EQ(understood({"1", "0"}).listen, "0.0.0.0:0");
  EXPECT_EQ(understood({"ws://a", ":0"}).listen, "127.0.0.1:0");
  EXPECT_EQ(refused({"0", "1"}).exit_code, 1);
}

TEST(RtunnelCommandLine, SaysWhichWordIsWrong) {
  EXPECT_NE(refused({"a", "1"}).message.find("the target"), std::string::npos);
  EXPECT_NE(refused({"1", "a"}).message.find("the listen address"), std::string::npos);
  EXPECT_NE(refused({"ws://a", "a"}).message.find("the local address"), std::string::npos);
  EXPECT_NE(refused({"1", "::1:22"}).message.find("[::1]:22"), std::string::npos);
}

TEST(RtunnelCommandLine, TakesExactlyTwoWords) {  // spec 1.5
  for (const auto& of :
       {words{}, words{"1"}, words{"1", "2", "3"}, words{"-d"}, words{"1", "2", "--", "-d"}}) {
    const auto why = refused(of);
    EXPECT_EQ(why.exit_code, 1);
    EXPECT_TRUE(why.shows_usage);
  }
}

TEST(RtunnelCommandLine, OptionsStandAnywhere) {  // spec 1.1
  auto wanted = understood({"1", "2"});
  wanted.debug = true;
  wanted.cert = "c";
  wanted.key = "k";
  for (const auto& of : {words{"-d", "--cert", "c", "--key", "k", "1", "2"},
                         words{"1", "-d", "--cert", "c", "2", "--key", "k"},
                         words{"1", "2", "--key=k", "--cert=c", "--debug"},
                         words{"--cert", "c", "1", "--key", "k", "2", "-d=true"},
                         words{"--debug=1", "-cert", "c", "-key=k", "--", "1", "2"}}) {
    EXPECT_EQ(understood(of), wanted);
  }
}

TEST(RtunnelCommandLine, SwitchesTakeTruths) {
  for (const auto* word : {"-s", "--s", "-secure", "--secure", "-s=true", "--secure=1", "-s=t",
                           "-s=T", "-s=TRUE", "-s=True"}) {
    EXPECT_TRUE(understood({"ws://a", "1", word}).secure) << word;
  }
  for (const auto* word : {"-s=false", "--secure=0", "-s=f", "-s=F", "-s=FALSE", "-s=False"}) {
    EXPECT_FALSE(understood({"ws://a", "1", "-s", word}).secure) << word;
  }
  for (const auto* word : {"-s=", "-s=yes", "--secure=on", "-d=2"}) {
    EXPECT_EQ(refused({"ws://a", "1", word}).exit_code, 2) << word;
  }
  const auto loud = understood({"1", "2", "-q", "-d"});
  EXPECT_TRUE(loud.quiet && loud.debug);
}

TEST(RtunnelCommandLine, ValuesComeWithTheirOptionOrBehindIt) {
  EXPECT_EQ(understood({"ws://a", "1", "--ca", "f"}).ca, "f");
  EXPECT_EQ(understood({"ws://a", "1", "--pin=f"}).pin, "f");
  EXPECT_EQ(understood({"ws://a", "1", "--secret=-x"}).secret, "-x");
  EXPECT_EQ(understood({"ws://a", "1", "-secret-file", "f"}).secret_file, "f");
  EXPECT_EQ(understood({"1", "2", "--cert=a=b"}).cert, "a=b");
  EXPECT_EQ(understood({"1", "2", "--cert", "a", "--cert", "b"}).cert, "b");  // the last one counts
  for (const auto* word : {"g1", "g2", "auto"})
    EXPECT_EQ(understood({"1", "2", "--compat", word}).compat, word);
}

TEST(RtunnelCommandLine, AForgottenValueIsNoOption) {
  for (const auto& of : {words{"1", "2", "--cert"}, words{"1", "2", "--cert", "--key", "k"},
                         words{"1", "2", "-key", "-d"}, words{"1", "2", "--ca", "--"}}) {
    const auto why = refused(of);
    EXPECT_EQ(why.exit_code, 2);
    EXPECT_NE(why.message.find("needs a value"), std::string::npos) << why.message;
  }
}

TEST(RtunnelCommandLine, UnknownOptionsAreExitCodeTwo) {  // spec 1.1, 1.5
  for (const auto* word : {"-x", "--verbose", "--Cert=a", "---debug", "-ds", "--=x"}) {
    const auto why = refused({"1", "2", word});
    EXPECT_EQ(why.exit_code, 2) << word;
    EXPECT_TRUE(why.shows_usage) << word;
    EXPECT_NE(why.message.find(word), std::string::npos) << why.message;
  }
  EXPECT_NE(refused({"1", "2", "--qiet"}).message.find("--quiet"), std::string::npos);
}

TEST(RtunnelCommandLine, BehindTwoDashesAllIsPositional) {
  EXPECT_EQ(refused({"--", "1", "-d"}).exit_code, 1);
  EXPECT_EQ(understood({"1", "--", "2"}).listen, "0.0.0.0:2");
}

TEST(RtunnelCommandLine, HelpIsNoFailure) {
  for (const auto& of : {words{"--help"}, words{"-h"}, words{"1", "-help"}, words{"1", "2", "-h"}})
    EXPECT_EQ(refused(of), (rtunnel_refusal{0, {}, true}));
  EXPECT_EQ(refused({"-h", "--unknown"}).exit_code, 2);
}

TEST(RtunnelCommandLine, AServerThatInsistsOnTlsNeedsBothFiles) {  // spec 1.3
  for (const auto& of : {words{"1", "2", "-s"}, words{"1", "2", "-s", "--cert", "c"},
                         words{"1", "2", "-s", "--key", "k"}}) {
    const auto why = refused(of);
    EXPECT_EQ(why.exit_code, 1);
    EXPECT_NE(why.message.find("--cert and --key"), std::string::npos);
  }
  EXPECT_TRUE(understood({"1", "2", "-s", "--cert", "c", "--key", "k"}).secure);
  EXPECT_EQ(understood({"1", "2", "--cert", "c"}).cert, "c");  // without TLS, as the reference
}

TEST(RtunnelCommandLine, ValuesOfOursAreChecked) {
  EXPECT_EQ(refused({"1", "2", "--compat", "g3"}).exit_code, 1);
  EXPECT_EQ(refused({"1", "2", "--secret", "a", "--secret-file", "b"}).exit_code, 1);
  EXPECT_EQ(refused({"1", "2", "--secret="}).exit_code, 1);
  EXPECT_EQ(refused({"ws://me:pw@a", "1"}).exit_code, 1);
}

TEST(RtunnelCommandLine, UsageNamesEveryOption) {
  const auto usage = rtunnel_usage("relay rtunnel");
  for (const auto& each : rtunnel_options())
    EXPECT_NE(usage.find("--" + std::string(each.name)), std::string::npos) << each.name;
  EXPECT_NE(usage.find("relay rtunnel URL stdio://"), std::string::npos);
}

}  // namespace
}  // namespace relay::wire
