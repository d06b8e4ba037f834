#include <relay/wire/rtunnel_http.hpp>

#include <gtest/gtest.h>

namespace relay::wire {
namespace {

// As the real programs sent them.
constexpr std::string_view of_g2 =
    "GET /some/path?x=1 HTTP/1.1\r\nHost: 127.0.0.1:22103\r\nUser-Agent: Go-http-client/1.1\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: 1qAS2W4amZU16Zxq/+D7fg==\r\n"
    "Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\nX-Session-First: true\r\n"
    "X-Session-ID: fc9019a7-a5d9-42fe-9101-809ca4c85d42\r\n\r\n";
constexpr std::string_view reply_of_g2 =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: iaTqtsvB7oP80YoBHXxxfs650Sc=\r\n\r\n";
constexpr std::string_view key = "1qAS2W4amZU16Zxq/+D7fg==";

std::string with(std::string_view text, std::string_view what, std::string_view instead) {
  std::string made(text);
  const auto at = made.find(what);
  EXPECT_NE(at, made.npos) << what;
  return at == made.npos ? made : made.replace(at, what.size(), instead);
}

rtunnel_visitor visitor(std::string_view text) {
  const auto made = read_rtunnel_request(text);
  EXPECT_TRUE(std::holds_alternative<rtunnel_visitor>(made)) << text;
  const auto* who = std::get_if<rtunnel_visitor>(&made);
  return who != nullptr ? *who : rtunnel_visitor{};
}

std::string refusal(std::string_view text) {
  const auto made = read_rtunnel_reply(text, key);
  const auto* why = std::get_if<ws_head_refusal>(&made);
  return why != nullptr ? why->why : "it was taken";
}

TEST(RtunnelRequest, OfARealClientIsUnderstood) {
  const rtunnel_request wanted{of_g2.size(), std::string(key),
                               "fc9019a7-a5d9-42fe-9101-809ca4c85d42", true, ""};
  EXPECT_EQ(std::get<rtunnel_request>(read_rtunnel_request(of_g2)), wanted);
  auto more = std::string(of_g2) + "\x82\x05";  // its first frame
  EXPECT_EQ(std::get<rtunnel_request>(read_rtunnel_request(more)), wanted);
}

TEST(RtunnelRequest, IsAwaitedUntilItIsWhole) {
  for (std::size_t size = 0; size < of_g2.size(); ++size)
    ASSERT_TRUE(std::holds_alternative<ws_head_needs>(read_rtunnel_request(of_g2.substr(0, size))))
        << size;
}

TEST(RtunnelRequest, OfTheOldGenerationHasAnotherSpellingAndNoWordOfBeingFirst) {  // spec 16
  const auto text =
      with(with(of_g2, "X-Session-First: true\r\n", ""), "X-Session-ID", "X-Session-Id");
  const auto made = std::get<rtunnel_request>(read_rtunnel_request(text));
  EXPECT_EQ(made.session, "fc9019a7-a5d9-42fe-9101-809ca4c85d42");
  EXPECT_FALSE(made.first);
}

TEST(RtunnelRequest, SaysWhetherItIsTheFirst) {  // spec 3
  const auto first = [](std::string_view word) {
    return std::get<rtunnel_request>(
               read_rtunnel_request(with(of_g2, "First: true", "First: " + std::string(word))))
        .first;
  };
  for (const auto* word : {"1", "t", "T", "TRUE", "true", "True"}) EXPECT_EQ(first(word), true);
  for (const auto* word : {"0", "f", "F", "FALSE", "false", "False"}) EXPECT_EQ(first(word), false);
  for (const auto* word : {"", "yes", "tRUE", "2"}) EXPECT_EQ(first(word), std::nullopt);
}

TEST(RtunnelRequest, HeadersAreListsInAnyCase) {
  const auto text = with(with(of_g2, "Connection: Upgrade", "connection: keep-alive, upgrade"),
                         "Upgrade: websocket", "UPGRADE: h2c ,WebSocket");
  EXPECT_TRUE(std::holds_alternative<rtunnel_request>(read_rtunnel_request(text)));
}

TEST(RtunnelRequest, CarriesWhatRelaysEndsAgreeOn) {
  const auto text = write_rtunnel_request({"a:1", "/x", key, "id", false, "1; end"});
  const auto made = std::get<rtunnel_request>(read_rtunnel_request(text));
  EXPECT_EQ(made, (rtunnel_request{text.size(), std::string(key), "id", false, "1; end"}));
}

TEST(RtunnelRequest, IsWrittenAsTheRealOnesAre) {
  const auto text = write_rtunnel_request(
      {"127.0.0.1:22103", "/some/path?x=1", key, "fc9019a7-a5d9-42fe-9101-809ca4c85d42", true});
  EXPECT_EQ(with(text, "User-Agent: relay", "User-Agent: Go-http-client/1.1"), of_g2);
  EXPECT_EQ(write_rtunnel_request({"a", "/", key, "id", std::nullopt}).find("X-Session-First"),
            std::string::npos);
}

TEST(RtunnelVisitor, WithoutAnUpgradeGetsAPage) {  // spec 3
  for (const auto* target : {"/", "/index.html", "/?x", "/index.html?x"}) {
    const auto who = visitor("GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(who.status, 200) << target;
    EXPECT_NE(answer_rtunnel_visitor(who, "<p>").find("\r\n\r\n<p>"), std::string::npos);
    EXPECT_TRUE(answer_rtunnel_visitor(who, {}).starts_with("HTTP/1.1 404 ")) << target;
  }
  for (const auto* line : {"GET /x", "POST /", "GET /index.htm", "DELETE /index.html", "PUT /x"}) {
    const auto who = visitor(std::string(line) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(who.status, 404) << line;
    EXPECT_TRUE(answer_rtunnel_visitor(who, "<p>").starts_with("HTTP/1.1 404 ")) << line;
  }
  const auto head = answer_rtunnel_visitor(visitor("HEAD / HTTP/1.0\r\n\r\n"), "<p>");
  EXPECT_NE(head.find("Content-Length: 3\r\n"), std::string::npos) << head;
  EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
}

TEST(RtunnelVisitor, WhoAsksForATunnelInAWrongWayGetsABadRequest) {
  const struct {
    const char* what;
    const char* instead;
    int status;
    const char* why;
  } cases[] = {
      {"X-Session-ID: fc9019a7-a5d9-42fe-9101-809ca4c85d42\r\n", "", 400, "x-session-id"},
      {"fc9019a7-a5d9-42fe-9101-809ca4c85d42", "", 400, "x-session-id"},
      {"Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8", 400, "version"},
      {"Sec-WebSocket-Key: 1qAS2W4amZU16Zxq/+D7fg==\r\n", "", 400, "key"},
      {"GET /some", "POST /some", 405, "GET"},
  };
  for (const auto& each : cases) {
    const auto who = visitor(with(of_g2, each.what, each.instead));
    EXPECT_EQ(who.status, each.status) << each.what;
    EXPECT_NE(who.why.find(each.why), std::string::npos) << who.why;
  }
  const auto long_name = with(of_g2, "fc9019a7", std::string(longest_rtunnel_session, 'a'));
  EXPECT_EQ(visitor(long_name).status, 400);
}

TEST(RtunnelVisitor, WhoSpeaksNoHttpGetsABadRequestAtOnce) {
  for (const std::string_view text :
       {std::string_view("\x16\x03\x01", 3), std::string_view("\n"), std::string_view("\r\n"),
        std::string_view("GET / HTTP/1.1\nHost: a\r\n"), std::string_view("GET\r\n\r\n"),
        std::string_view("GET / HTTP/1.1\r\nno colon\r\n"),
        std::string_view("GET / HTTP/1.1\r\n folded: x\r\n"),
        std::string_view("GET / HTTP/1.1\r\na b: x\r\n"),
        std::string_view("GET / HTTP/2.0\r\n\r\n"), std::string_view("GET  / HTTP/1.1\r\n\r\n"),
        std::string_view("GET / HTTP/1.1\r\na: \0\r\n", 22)}) {
    EXPECT_EQ(visitor(text).status, 400) << text;
  }
  EXPECT_EQ(visitor(std::string(longest_rtunnel_head, 'a')).status, 400);
  std::string many = "GET / HTTP/1.1\r\n";
  for (std::size_t i = 0; i <= most_rtunnel_headers; ++i) many += "a: b\r\n";
  EXPECT_EQ(visitor(many).status, 400);
}

TEST(RtunnelReply, OfARealServerIsTaken) {
  EXPECT_EQ(std::get<rtunnel_reply>(read_rtunnel_reply(reply_of_g2, key)),
            (rtunnel_reply{reply_of_g2.size(), ""}));
  EXPECT_EQ(write_rtunnel_reply(key), reply_of_g2);
  for (std::size_t size = 0; size < reply_of_g2.size(); ++size)
    ASSERT_TRUE(
        std::holds_alternative<ws_head_needs>(read_rtunnel_reply(reply_of_g2.substr(0, size), key)))
        << size;
}

TEST(RtunnelReply, AnswersWhatRelaysEndsAgreeOn) {
  const auto text = write_rtunnel_reply(key, "1; nonce=00ff");
  EXPECT_EQ(std::get<rtunnel_reply>(read_rtunnel_reply(text, key)),
            (rtunnel_reply{text.size(), "1; nonce=00ff"}));
}

TEST(RtunnelReply, AnotherStatusSaysWhatToDo) {
  for (const auto status :
       {200, 301, 302, 307, 308, 400, 401, 403, 404, 405, 407, 426, 502, 503, 504}) {
    const auto number = std::to_string(status);
    const auto why = refusal("HTTP/1.1 " + number + " X\r\nContent-Length: 1\r\n\r\nx");
    EXPECT_TRUE(why.starts_with("HTTP status " + number + ": ")) << why;
  }
  EXPECT_EQ(refusal("HTTP/1.1 418 I'm a teapot\r\n\r\n"), "HTTP status 418");
  EXPECT_EQ(refusal("HTTP/1.0 599\r\n\r\n"), "HTTP status 599");
  EXPECT_NE(refusal("HTTP/1.1 302 Found\r\nLocation: https://b/\r\n\r\n").find("(https://b/)"),
            std::string::npos);
}

TEST(RtunnelReply, WhatIsNoneIsToldApart) {
  EXPECT_NE(refusal("SSH-2.0-OpenSSH\r\n\r\n").find("not HTTP"), std::string::npos);
  EXPECT_NE(refusal("\x15\x03\x01\x02\x02").find("wss"), std::string::npos);
  EXPECT_NE(refusal(with(reply_of_g2, "iaTq", "aaaa")).find("accept"), std::string::npos);
  EXPECT_NE(refusal(with(reply_of_g2, "Upgrade: websocket\r\n", "")).find("101"),
            std::string::npos);
  EXPECT_NE(refusal(with(reply_of_g2, "Upgrade: websocket\r\n",
                         "Upgrade: websocket\r\nSec-WebSocket-Extensions: x\r\n"))
                .find("extension"),
            std::string::npos);
}

}  // namespace
}  // namespace relay::wire
