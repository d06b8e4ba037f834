#include <relay/base/web_proxy.hpp>

#include <gtest/gtest.h>

#include <map>

namespace relay {
namespace {

using kind = web_proxy::kind;

TEST(WebProxy, IsTakenApart) {
  const struct {
    const char* text;
    kind speaks;
    const char* at;
    const char* user;
    const char* password;
  } cases[] = {
      {"http://p.example:3128", kind::connect, "p.example:3128", "", ""},
      {"p.example:3128", kind::connect, "p.example:3128", "", ""},
      {"http://p.example/", kind::connect, "p.example:80", "", ""},
      {"http://me:pw@p.example:1", kind::connect, "p.example:1", "me", "pw"},
      {"http://me@p.example:1", kind::connect, "p.example:1", "me", ""},
      {"http://a%40b:c%3ad@p.example:1", kind::connect, "p.example:1", "a@b", "c:d"},
      {"http://[::1]:8", kind::connect, "[::1]:8", "", ""},
      {"http://[::1]", kind::connect, "[::1]:80", "", ""},
      {"socks5://10.0.0.1", kind::socks5, "10.0.0.1:1080", "", ""},
      {"socks5h://me:pw@10.0.0.1:9", kind::socks5, "10.0.0.1:9", "me", "pw"},
  };
  for (const auto& each : cases) {
    const auto made = parse_web_proxy(each.text);
    ASSERT_TRUE(made) << each.text << ": " << made.wrong;
    EXPECT_EQ(made->speaks, each.speaks) << each.text;
    EXPECT_EQ(made->at.to_string(), each.at) << each.text;
    EXPECT_EQ(made->user, each.user) << each.text;
    EXPECT_EQ(made->password, each.password) << each.text;
  }
}

TEST(WebProxy, SaysWhatIsWrongWithoutThePassword) {
  const std::pair<const char*, const char*> cases[] = {
      {"https://me:secret@p:1", "it takes http:// or socks5://"},
      {"ftp://p:1", "it takes http:// or socks5://"},
      {"http://me:secret%@p:1", "cannot be read"},
      {"http://me:secret%0a@p:1", "cannot be read"},
      {"http://me:secret@:1", "host before the colon is missing"},
      {"http://me:secret@p:x", "is not a port"},
      {"http://me:secret@p:1-2", "more than one port"},
  };
  for (const auto& [text, part] : cases) {
    const auto made = parse_web_proxy(text);
    EXPECT_FALSE(made) << text;
    EXPECT_NE(made.wrong.find(part), std::string::npos) << text << " -> " << made.wrong;
    EXPECT_EQ(made.wrong.find("secret"), std::string::npos) << made.wrong;
  }
}

TEST(WebProxy, IsShownWithoutItsPassword) {
  EXPECT_EQ(shown_web_proxy("http://me:pw@p:1/x"), "http://me:***@p:1/x");
  EXPECT_EQ(shown_web_proxy("me:p:w@p:1"), "me:***@p:1");
  EXPECT_EQ(shown_web_proxy("http://me@p:1"), "http://me@p:1");
  EXPECT_EQ(shown_web_proxy("http://p:1"), "http://p:1");
}

TEST(WebProxy, NoProxyListsServers) {
  const struct {
    const char* list;
    const char* server;
    bool listed;
  } cases[] = {
      {"", "a.example:80", false},
      {"*", "a.example:80", true},
      {"a.example", "a.example:80", true},
      {"A.Example", "a.eXample:80", true},
      {"a.example", "a.example.:80", true},
      {"example", "a.example:80", true},
      {".example", "a.example:80", true},
      {"*.example", "a.example:80", true},
      {".a.example", "a.example:80", false},  // below it, not it itself
      {"xample", "a.example:80", false},
      {"b.example, a.example", "a.example:80", true},
      {"a.example:81", "a.example:80", false},
      {"a.example:80", "a.example:80", true},
      {"10.0.0.0/8", "10.1.2.3:80", true},
      {"10.0.0.0/8", "11.1.2.3:80", false},
      {"10.1.2.3", "10.1.2.3:80", true},
      {"10.1.2.3:81", "10.1.2.3:80", false},
      {"::/0", "[2001:db8::1]:80", true},
      {"[2001:db8::1]:80", "[2001:db8::1]:80", true},
      {"2001:db8::1", "[2001:db8::1]:80", true},
      {",,  ,", "a.example:80", false},
      {":", "a.example:80", false},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(is_listed_in_no_proxy(each.list, *parse_remote(each.server)), each.listed)
        << each.list << " and " << each.server;
  }
}

TEST(WebProxy, ComesFromTheEnvironment) {
  const auto chosen = [](const char* url, std::map<std::string, std::string> with) {
    return proxy_from_environment(*parse_ws_url(url),
                                  [&](const char* name) -> std::optional<std::string> {
                                    const auto found = with.find(name);
                                    if (found == with.end()) return std::nullopt;
                                    return found->second;
                                  });
  };
  EXPECT_EQ(chosen("ws://a.example", {}), "");
  EXPECT_EQ(chosen("ws://a.example", {{"HTTP_PROXY", "p:1"}, {"http_proxy", "q:1"}}), "p:1");
  EXPECT_EQ(chosen("ws://a.example", {{"HTTP_PROXY", ""}, {"http_proxy", "q:1"}}), "q:1");
  EXPECT_EQ(chosen("ws://a.example", {{"HTTPS_PROXY", "p:1"}}), "");
  EXPECT_EQ(chosen("wss://a.example", {{"HTTPS_PROXY", "p:1"}, {"HTTP_PROXY", "q:1"}}), "p:1");
  EXPECT_EQ(chosen("wss://a.example", {{"https_proxy", "p:1"}}), "p:1");
  EXPECT_EQ(chosen("ws://a.example", {{"HTTP_PROXY", "p:1"}, {"no_proxy", "example"}}), "");
  EXPECT_EQ(chosen("ws://a.example", {{"HTTP_PROXY", "p:1"}, {"NO_PROXY", "b.example"}}), "p:1");
  for (const auto* here : {"ws://localhost:1", "ws://127.0.0.1:1", "ws://127.9.9.9", "ws://[::1]"})
    EXPECT_EQ(chosen(here, {{"HTTP_PROXY", "p:1"}}), "") << here;
}

}  // namespace
}  // namespace relay
