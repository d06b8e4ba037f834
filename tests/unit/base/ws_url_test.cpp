#include <relay/base/ws_url.hpp>

#include <gtest/gtest.h>

namespace relay {
namespace {

TEST(WsUrl, IsTakenApart) {
  const struct {
    const char* text;
    bool tls;
    const char* authority;
    const char* host;
    std::uint16_t port;
    const char* target;
  } cases[] = {
      {"ws://a.example", false, "a.example", "a.example", 80, "/"},
      {"wss://a.example", true, "a.example", "a.example", 443, "/"},
      {"http://a.example/", false, "a.example", "a.example", 80, "/"},
      {"https://a.example/", true, "a.example", "a.example", 443, "/"},
      {"ws://a.example:8080/x/y?z=1", false, "a.example:8080", "a.example", 8080, "/x/y?z=1"},
      {"ws://a.example?z", false, "a.example", "a.example", 80, "/?z"},
      {"wss://a.example/x#part", true, "a.example", "a.example", 443, "/x"},
      {"ws://127.0.0.1:9", false, "127.0.0.1:9", "127.0.0.1", 9, "/"},
      {"wss://[::1]", true, "[::1]", "::1", 443, "/"},
      {"wss://[::1]:9/", true, "[::1]:9", "::1", 9, "/"},
      {"ws://a.example/%20:@!", false, "a.example", "a.example", 80, "/%20:@!"},
  };
  for (const auto& each : cases) {
    const auto made = parse_ws_url(each.text);
    ASSERT_TRUE(made) << each.text << ": " << made.wrong;
    EXPECT_EQ(made->tls, each.tls) << each.text;
    EXPECT_EQ(made->authority, each.authority);
    EXPECT_EQ(made->at.host, each.host);
    EXPECT_EQ(made->at.ports, (port_range{each.port, each.port})) << each.text;
    EXPECT_EQ(made->target, each.target);
  }
}

TEST(WsUrl, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "is no URL of a server"},
      {"a.example:80", "is no URL of a server"},
      {"WS://a.example", "is no URL of a server"},  // the role goes by the case, too
      {"ftp://a.example", "is no URL of a server"},
      {"ws://", "names no host"},
      {"ws:///path", "names no host"},
      {"ws://me:secret@a.example/", "holds a user"},
      {"ws://a.example:http/", "`http` is not a port"},
      {"ws://a.example:70000/", "above 65535"},
      {"ws://a.example:1-2/", "not a range"},
      {"ws://[::1/", "neither an address nor a name"},
      {"ws://a.example/a b", "write it as %XX"},
      {"ws://a.example/\r\nX: y", "write it as %XX"},
      {"ws://a.example/\xc3\xa4", "write it as %XX"},
      {"ws\xef\xbc\x9a//a.example", "full-width colon"},
  };
  for (const auto& [text, part] : cases) {
    const auto made = parse_ws_url(text);
    EXPECT_FALSE(made) << text;
    EXPECT_NE(made.wrong.find(part), std::string::npos) << text << " -> " << made.wrong;
  }
}

TEST(WsUrl, KeepsASecretOutOfItsMessage) {
  EXPECT_EQ(parse_ws_url("ws://me:secret@a.example/").wrong.find("secret"), std::string::npos);
}

TEST(WsUrl, IsToldFromAnAddressByItsBeginning) {
  for (const auto* text : {"ws://", "wss://x", "http://x", "https://x"})
    EXPECT_TRUE(begins_ws_url(text)) << text;
  for (const auto* text : {"", "ws:/x", "Ws://x", "tcp://x", "x:80", " ws://x"})
    EXPECT_FALSE(begins_ws_url(text)) << text;
}

}  // namespace
}  // namespace relay
