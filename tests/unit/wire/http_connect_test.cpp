#include <relay/wire/http_connect.hpp>

#include <gtest/gtest.h>

namespace relay::wire {
namespace {

std::string refusal(std::string_view text) {
  const auto made = read_connect_reply(text);
  const auto* why = std::get_if<ws_head_refusal>(&made);
  return why != nullptr ? why->why : "it was taken";
}

TEST(HttpConnect, IsWrittenWithALoginOrWithout) {
  EXPECT_EQ(write_connect_request("a.example:443", "", ""),
            "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\nUser-Agent: relay\r\n\r\n");
  EXPECT_NE(write_connect_request("[::1]:1", "Aladdin", "open sesame")
                .find("Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"),
            std::string::npos);  // RFC 7617
}

TEST(HttpConnect, AnyStatusOfSuccessConnects) {
  const std::string_view whole = "HTTP/1.0 200 Connection established\r\nVia: x\r\n\r\n";
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_TRUE(std::holds_alternative<ws_head_needs>(read_connect_reply(whole.substr(0, size))));
  EXPECT_EQ(std::get<connect_reply>(read_connect_reply(std::string(whole) + "more")),
            connect_reply{whole.size()});
  EXPECT_TRUE(std::holds_alternative<connect_reply>(read_connect_reply("HTTP/1.1 204\r\n\r\n")));
}

TEST(HttpConnect, ARefusalSaysWhatToDo) {
  EXPECT_NE(refusal("HTTP/1.1 407 X\r\n\r\n").find("USER:PASSWORD@"), std::string::npos);
  EXPECT_NE(refusal("HTTP/1.1 403 X\r\n\r\n").find("rules"), std::string::npos);
  EXPECT_NE(refusal("HTTP/1.1 502 X\r\n\r\n").find("reach"), std::string::npos);
  EXPECT_NE(refusal("HTTP/1.1 404 X\r\n\r\n").find("proxy at all"), std::string::npos);
  EXPECT_EQ(refusal("HTTP/1.1 599 X\r\n\r\n"), "HTTP status 599");
  for (const auto* text : {"\5\1", "SSH-2.0-x\r\n\r\n", "HTTP/1.1 2x0\r\n\r\n", "\r\n"})
    EXPECT_EQ(refusal(text), "it does not answer in HTTP") << text;
}

}  // namespace
}  // namespace relay::wire
