#include <relay/wire/websocket_handshake.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <span>

namespace relay::wire {
namespace {

constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";  // RFC 6455, section 1.3
constexpr std::string_view request =
    "GET /chat?room=1 HTTP/1.1\r\n"
    "host: a.example:8080\r\n"
    "upgrade: websocket\r\n"
    "connection: upgrade\r\n"
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "sec-websocket-version: 13\r\n"
    "\r\n";
constexpr std::string_view reply =
    "HTTP/1.1 101 Switching Protocols\r\n"
    "upgrade: websocket\r\n"
    "connection: upgrade\r\n"
    "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    "\r\n";

/// `text` with its first `what` replaced.
std::string with(std::string_view text, std::string_view what, std::string_view by) {
  std::string made(text);
  const auto at = made.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return made.replace(at, what.size(), by);
}

ws_request_answer serve(std::string_view seen) {
  return read_ws_request(seen, "a.example:8080", "/chat?room=1");
}

std::string why(const ws_request_answer& answer) {
  const auto* refused = std::get_if<ws_head_refusal>(&answer);
  return refused == nullptr ? "" : refused->why;
}
std::string why(const ws_reply_answer& answer) {
  const auto* refused = std::get_if<ws_head_refusal>(&answer);
  return refused == nullptr ? "" : refused->why;
}

// Spec 9.2, client request and server reply: these names, in this order, nothing else.
TEST(WsHandshake, HeadsAreTheReferencesByteForByte) {
  EXPECT_EQ(write_ws_request("a.example:8080", "/chat?room=1", key), request);
  EXPECT_EQ(write_ws_reply(key), reply);
  EXPECT_EQ(ws_accept(key), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WsHandshake, AKeyIsSixteenBytesInBase64) {
  std::array<std::byte, 16> noise{};
  std::ranges::copy(std::as_bytes(std::span("the sample nonce", 16)), noise.begin());
  EXPECT_EQ(ws_key(noise), key);
  EXPECT_EQ(ws_key({}), "AAAAAAAAAAAAAAAAAAAAAA==");
}

// Spec 9.2, hazards 2 and 3: our parser handles splits and leaves what follows alone.
TEST(WsHandshake, HeadsAreReadHoweverTheyAreCut) {
  const auto asked = std::string(request) + "\x82\x85";
  const auto answered = std::string(reply) + "\r\n\r\nGET";
  for (std::size_t size = 0; size <= asked.size(); ++size) {
    const auto answer = serve(asked.substr(0, size));
    EXPECT_EQ(answer, size < request.size()
                          ? ws_request_answer(ws_head_needs{})
                          : ws_request_answer(ws_request{request.size(), std::string(key)}))
        << size;
  }
  for (std::size_t size = 0; size <= answered.size(); ++size) {
    const auto answer = read_ws_reply(answered.substr(0, size), key);
    EXPECT_EQ(answer, size < reply.size() ? ws_reply_answer(ws_head_needs{})
                                          : ws_reply_answer(ws_reply{reply.size()}))
        << size;
  }
}

TEST(WsHandshake, TakesWhatOtherClientsWrite) {
  const std::string cases[] = {
      with(request, "upgrade: websocket", "Upgrade: WebSocket"),
      with(request, "connection: upgrade", "Connection: keep-alive, Upgrade"),  // [SAFE+]
      with(request, "connection: upgrade", "Connection: keep-alive\r\nConnection: ,UPGRADE , x"),
      with(request, "upgrade: websocket", "Upgrade: h2c, WebSocket"),
      with(request, "upgrade: websocket", "Upgrade: h2c\r\nUpgrade: websocket"),
      with(request, "sec-websocket-key: ", "Sec-WebSocket-Key:"),
      with(request, "sec-websocket-version: 13", "Sec-WebSocket-Version:  13  "),
      with(request, "\r\n\r\n", "\r\nsec-websocket-extensions: permessage-deflate\r\n\r\n"),
      with(request, "\r\n\r\n", "\r\ncontent-length: 99999999999\r\n\r\n"),
  };
  for (const auto& each : cases) {
    EXPECT_EQ(serve(each), ws_request_answer(ws_request{each.size(), std::string(key)})) << each;
  }
}

// Spec 9.2, server checks.
TEST(WsHandshake, RefusesARequestThatDiffers) {
  const std::tuple<std::string, std::string> cases[] = {
      {with(request, "GET", "POST"), "the method is not GET"},
      {with(request, "HTTP/1.1", "HTTP/1.0"), "not HTTP/1.1"},
      {with(request, "/chat", "/Chat"), "another path"},
      {with(request, "?room=1", ""), "another path"},
      {with(request, "a.example:8080", "A.example:8080"), "another host"},
      {with(request, "a.example:8080", "a.example"), "another host"},
      {with(request, "host: a.example:8080\r\n", ""), "another host"},
      {with(request, "\r\n\r\n", "\r\nhost: a.example:8080\r\n\r\n"), "another host"},
      {with(request, "websocket\r", "websockets\r"), "no `upgrade: websocket`"},
      {with(request, "websocket\r", "h2c, websocket/13\r"), "no `upgrade: websocket`"},
      {with(request, "upgrade: websocket\r\n", ""), "no `upgrade: websocket`"},
      {with(request, "connection: upgrade", "connection: close"), "no `connection: upgrade`"},
      {with(request, "connection: upgrade", "connection: upgraded"), "no `connection: upgrade`"},
      {with(request, "connection: upgrade\r\n", ""), "no `connection: upgrade`"},
      {with(request, ": 13", ": 8"), "no `sec-websocket-version: 13`"},
      {with(request, "sec-websocket-key", "x-key"), "no `sec-websocket-key`"},
      // RFC 6455, 11.3: these stand once.
      {with(request, "\r\n\r\n", "\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"),
       "no `sec-websocket-key`"},
      {with(request, "\r\n\r\n", "\r\nsec-websocket-version: 13\r\n\r\n"),
       "no `sec-websocket-version: 13`"},
  };
  for (const auto& [text, expected] : cases) {
    const auto answer = serve(text);
    EXPECT_EQ(why(answer), expected) << text;
    const auto* refused = std::get_if<ws_head_refusal>(&answer);
    ASSERT_TRUE(refused);
    EXPECT_TRUE(refused->answer.starts_with("HTTP/1.1 404 Not Found\r\n")) << text;
  }
}

TEST(WsHandshake, AnswersLikeAPlainWebServer) {
  const auto visit = serve("GET / HTTP/1.1\r\nhost: a.example:8080\r\n\r\n");
  const auto page = std::get<ws_head_refusal>(visit).answer;
  const auto body = page.substr(page.find("\r\n\r\n") + 4);
  EXPECT_NE(page.find("Content-Length: " + std::to_string(body.size()) + "\r\n"),
            std::string_view::npos);
  EXPECT_NE(page.find("Connection: close\r\n"), std::string_view::npos);
  const auto only_head = serve("HEAD / HTTP/1.1\r\nhost: a\r\n\r\n");
  EXPECT_EQ(std::get<ws_head_refusal>(only_head).answer, page.substr(0, page.size() - body.size()));
  for (const auto* text :
       {"\x16\x03\x01", "hello\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/1.1\r\n:\r\n\r\n"}) {
    const auto answer = serve(text);
    EXPECT_EQ(why(answer), "what came is not HTTP") << text;
    EXPECT_TRUE(std::get<ws_head_refusal>(answer).answer.starts_with("HTTP/1.1 400 ")) << text;
  }
}

// Spec 9.2: at most 32 headers, and 8 KiB.
TEST(WsHandshake, LimitsAHead) {
  const auto more = [](std::size_t count) {
    std::string headers;
    for (std::size_t i = 0; i < count; ++i) headers += "\r\nx" + std::to_string(i) + ": y";
    return with(request, "\r\n\r\n", headers + "\r\n\r\n");
  };
  EXPECT_EQ(why(serve(more(27))), "");
  EXPECT_EQ(why(serve(more(28))), "more than 32 headers");
  const auto padded = [](std::size_t size) {
    const auto filler = std::string(size - request.size() - 5, 'p');
    return with(request, "\r\n\r\n", "\r\nx: " + filler + "\r\n\r\n");
  };
  ASSERT_EQ(padded(8192).size(), 8192U);
  EXPECT_EQ(why(serve(padded(8192) + "behind")), "");
  EXPECT_EQ(why(serve(padded(8193))), "the head is longer than 8 KiB");
  EXPECT_EQ(serve(padded(8193).substr(0, 8191)), ws_request_answer(ws_head_needs{}));
  EXPECT_EQ(why(serve(padded(8193).substr(0, 8192))), "the head is longer than 8 KiB");
}

// Spec 9.2, client checks.
TEST(WsHandshake, RefusesAReplyThatDiffers) {
  const std::tuple<std::string, std::string> cases[] = {
      {with(reply, "101", "200"),
       "HTTP status 200 in place of 101: `host` or `path` is not the server's, or the far end "
       "does not speak WebSocket"},
      {"HTTP/1.1 403 Forbidden\r\ncontent-length: 5\r\n\r\nhello",
       "HTTP status 403 in place of 101"},
      {with(reply, "HTTP/1.1", "HTTP/1.0"), "not HTTP/1.1"},
      {with(reply, "websocket", "h2c"), "no `upgrade: websocket`"},
      {with(reply, "connection: upgrade", "connection: close"), "no `connection: upgrade`"},
      {with(reply, "websocket", "h2c, websocket"), "no `upgrade: websocket`"},
      {with(reply, "s3pP", "S3pP"), "`sec-websocket-accept` does not fit the key"},
      {with(reply, "sec-websocket-accept", "x"), "`sec-websocket-accept` does not fit the key"},
      {"SSH-2.0-OpenSSH_9\r\n\r\n", "what came is not HTTP"},
      {std::string(8192, 'H'), "the head is longer than 8 KiB"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(why(read_ws_reply(text, key)), expected) << text;
  }
}

TEST(WsHandshake, TellsAtTheFirstByteThatCannotBecomeARequest) {
  const auto may = [](std::string_view seen) {
    return may_become_ws_request(seen, "/chat?room=1");
  };
  for (std::size_t size = 0; size <= request.size(); ++size)
    EXPECT_TRUE(may(request.substr(0, size)));
  EXPECT_TRUE(may(std::string(request) + "\x82\x01x"));
  for (const auto* other :
       {"H", "get", "GET  ", "GET /c ", "GET /chat?room=1 HTTP/1.0", "\r\n", "GET /chat?room=1\r",
        "GET /chat?room=1 HTTP/1.1\n", "GET /chat?room=1 HTTP/1.1\r\nhost: a\n", "\n", "\x16"}) {
    EXPECT_FALSE(may(other)) << other;
  }
}

// RFC 6455, 4.2.2: one of those that are offered, or none.
TEST(WsHandshake, GrantsOneOfTheOfferedSubprotocols) {
  const auto offering = [](std::string_view lines) {
    return with(request, "\r\n\r\n", "\r\n" + std::string(lines) + "\r\n\r\n");
  };
  const auto granted = [](const std::string& text, std::string_view only) {
    const auto answer = read_ws_request(text, "a.example:8080", "/chat?room=1", only);
    const auto* yes = std::get_if<ws_request>(&answer);
    return yes == nullptr ? why(answer) : yes->protocol;
  };
  const auto list = offering("Sec-WebSocket-Protocol: chat, mqtt");
  const auto lines = offering("sec-websocket-protocol: chat\r\nSec-WebSocket-Protocol: mqtt , x");
  for (const auto& each : {list, lines}) {
    EXPECT_EQ(granted(each, ""), "chat");
    EXPECT_EQ(granted(each, "mqtt"), "mqtt");
    EXPECT_EQ(granted(each, "MQTT"), "") << "they have a case";
    EXPECT_EQ(granted(each, "other"), "") << "the client decides what it makes of that";
  }
  EXPECT_EQ(granted(std::string(request), "mqtt"), "") << "realm's clients offer none";
  EXPECT_EQ(granted(offering("sec-websocket-protocol:"), ""), "");
  EXPECT_EQ(granted(offering("sec-websocket-protocol: \"a\", @, mqtt"), ""), "")
      << "what is no list of words is none";
  EXPECT_EQ(write_ws_reply(key, "mqtt"),
            with(reply, "Oo=\r\n", "Oo=\r\nsec-websocket-protocol: mqtt\r\n"));
}

// RFC 6455, 4.1: the server may leave it out, but not choose what it was not offered.
TEST(WsHandshake, AsksForASubprotocolAndTakesNoOther) {
  EXPECT_EQ(write_ws_request("a.example:8080", "/chat?room=1", key, "mqtt"),
            with(request, "\r\n\r\n", "\r\nsec-websocket-protocol: mqtt\r\n\r\n"));
  const auto granting = [](std::string_view lines) {
    return with(reply, "\r\n\r\n", "\r\n" + std::string(lines) + "\r\n\r\n");
  };
  const auto mqtt = granting("Sec-WebSocket-Protocol: mqtt");
  EXPECT_EQ(why(read_ws_reply(mqtt, key, "mqtt")), "");
  EXPECT_EQ(why(read_ws_reply(reply, key, "mqtt")), "");
  EXPECT_EQ(why(read_ws_reply(mqtt, key)), "a subprotocol that was not asked for");
  EXPECT_EQ(why(read_ws_reply(mqtt, key, "chat")), "another subprotocol");
  EXPECT_EQ(why(read_ws_reply(granting("sec-websocket-protocol: mqtt, chat"), key, "mqtt")),
            "another subprotocol");
  EXPECT_EQ(why(read_ws_reply(granting("sec-websocket-protocol: mqtt\r\nsec-websocket-protocol: x"),
                              key, "mqtt")),
            "another subprotocol");
  EXPECT_EQ(why(read_ws_reply(granting("sec-websocket-extensions: permessage-deflate"), key)),
            "an extension that was not offered");
}

TEST(WsHandshake, TakesWhatOtherServersWrite) {
  const auto text = with(with(reply, "connection: upgrade", "Server: x\r\nConnection: Upgrade"),
                         "Switching Protocols", "");
  EXPECT_EQ(read_ws_reply(text, key), ws_reply_answer(ws_reply{text.size()}));
}

// The path is used verbatim, whatever it holds.
TEST(WsHandshake, AnyPathAndHostReadBack) {
  for (const std::string_view path : {"/", "no-slash", "*", "/a b"}) {
    const auto text = write_ws_request("h", path, key);
    EXPECT_EQ(std::holds_alternative<ws_request>(read_ws_request(text, "h", path)),
              path.find(' ') == std::string_view::npos)
        << path;
  }
  std::string odd = "/";
  for (int c = 0x21; c < 0x7f; ++c) odd += static_cast<char>(c);
  for (int c = 0x80; c <= 0xff; ++c) odd += static_cast<char>(c);
  const auto text = write_ws_request("h", odd, key);
  EXPECT_EQ(why(read_ws_request(text, "h", odd)), "");
}

}  // namespace
}  // namespace relay::wire
