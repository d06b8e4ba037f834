// What nobody means: endpoints that serve nothing, datagrams in clear, addresses that anyone may
// claim.
#include "loading.hpp"

namespace relay::config {
namespace {

using test::brief;
using test::load;
using test::problems_of;
using test::with_endpoint;

overrides as_realm() {
  overrides made;
  made.rules = dialect::realm;
  return made;
}

TEST(Exposure, AnEndpointThatServesNothingIsAnError) {
  const auto text = with_endpoint("network = { no_tcp = true }");
  const std::string message = "`no_tcp` without `use_udp`: 127.0.0.1:1 would serve nothing\n";
  EXPECT_EQ(brief(problems_of(text)), "t:4:22: error: " + message);
  EXPECT_EQ(brief(load(text, as_realm()).warnings), "t:4:22: warning: " + message);
  EXPECT_TRUE(load(with_endpoint("network = { use_udp = true, no_tcp = true }")).warnings.empty());
  overrides forced;
  force(forced.network, &network::no_tcp, true);
  EXPECT_EQ(brief(problems_of(with_endpoint(""), forced)), "command line: error: " + message);
}

TEST(Exposure, DatagramsBesideATransportAreInClear) {
  const std::string tls = "remote_transport = \"tls;sni=a\"\n";
  const std::string ws = "listen_transport = \"ws;host=a;path=/\"\n";
  EXPECT_EQ(
      brief(load(with_endpoint(tls + "network.use_udp = true")).warnings),
      "t:4:20: warning: `use_udp` with `remote_transport`: the transport is for TCP alone, and "
      "the datagrams of 127.0.0.1:1 cross in clear\n");
  EXPECT_NE(brief(load(with_endpoint(ws + "network.use_udp = true")).warnings)
                .find("`use_udp` with `listen_transport`"),
            std::string::npos);
  EXPECT_TRUE(load(with_endpoint(tls)).warnings.empty());
  EXPECT_TRUE(load(with_endpoint("network.use_udp = true")).warnings.empty());
  EXPECT_TRUE(
      load(with_endpoint("listen_transport = \"\"\nnetwork.use_udp = true")).warnings.empty());
}

std::string accepting(const std::string& listen, const std::string& more = "") {
  return "[[endpoints]]\nlisten = \"" + listen +
         "\"\nremote = \"b:2\"\nnetwork = { accept_proxy = true" + more + " }\n";
}

TEST(Exposure, HeadersThatStrangersMaySendAreTold) {
  for (const auto* text : {"0.0.0.0:1", ":1", "1", "[::]:1", "192.0.2.1:1", "[2001:db8::1]:1",
                           "172.32.0.1:1", "100.128.0.1:1"}) {
    const auto said = brief(load(accepting(text)).warnings);
    EXPECT_NE(said.find("t:4:28: warning: `accept_proxy` without `trusted_proxies`"),
              std::string::npos)
        << text << ": " << said;
    EXPECT_TRUE(load(accepting(text, ", trusted_proxies = [\"10.0.0.0/8\"]")).warnings.empty());
    EXPECT_TRUE(load(accepting(text, ", no_tcp = true, use_udp = true")).warnings.empty());
  }
  for (const auto* text : {"127.0.0.1:1", "10.1.2.3:1", "172.31.0.1:1", "192.168.1.1:1", "[::1]:1",
                           "[fd00::1]:1", "169.254.1.1:1", "100.64.0.1:1", "name.example:1"}) {
    EXPECT_TRUE(load(accepting(text)).warnings.empty()) << text;
  }
}

TEST(Exposure, AGlobalKeyIsToldOfOnce) {
  const std::string two =
      "[[endpoints]]\nlisten = \":1\"\nremote = \"b:2\"\n"
      "[[endpoints]]\nlisten = \":3\"\nremote = \"b:2\"\n";
  EXPECT_EQ(load(two + "[network]\naccept_proxy = true\n").warnings.size(), 1U);
}

TEST(Exposure, AProblemOfATransportIsPlacedAtItsItem) {
  EXPECT_EQ(brief(problems_of(with_endpoint("remote_transport = \"ws;host=a;path=/;hots=b\""))),
            "t:4:38: error: `remote_transport`: unknown item `hots`\n");
  EXPECT_EQ(brief(problems_of(with_endpoint("remote_transport = 'tsl;sni=b'"))),
            "t:4:21: error: `remote_transport`: unknown item `tsl`\n");
  // Where the text does not stand as it is, at its beginning.
  EXPECT_EQ(brief(problems_of(with_endpoint("remote_transport = \"t\\u0073l\""))).substr(0, 6),
            "t:4:20");
}

}  // namespace
}  // namespace relay::config
