#include "app/demo_http.hpp"

#include <relay/base/ip.hpp>
#include <relay/base/unique_fd.hpp>

#include <gtest/gtest.h>

#include <sys/time.h>
#include <unistd.h>

#include <string>

namespace relay::app {
namespace {

/// The whole answer to a request after which the connection is closed.
std::string ask(const demo_http& web, const std::string& request) {
  const unique_fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval limit{5, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  const socket_address to(ip_endpoint{*ip_address::parse("127.0.0.1"), web.port()});
  EXPECT_EQ(::connect(fd.get(), to.data(), to.length), 0);
  EXPECT_EQ(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(request.size()));
  std::string answer;
  char buffer[65536];
  for (;;) {
    const auto rc = ::recv(fd.get(), buffer, sizeof buffer, 0);
    if (rc <= 0) return answer;
    answer.append(buffer, static_cast<std::size_t>(rc));
  }
}

std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
}

std::string body(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

TEST(DemoHttp, RootSaysHowItGotThere) {
  const demo_http web;
  const auto answer = ask(web, get("/"));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_NE(answer.find("relay"), std::string::npos);
}

TEST(DemoHttp, BytesAreExactlySoMany) {
  const demo_http web;
  EXPECT_EQ(body(ask(web, get("/bytes/0"))).size(), 0U);
  EXPECT_EQ(body(ask(web, get("/bytes/200001"))).size(), 200001U);
}

TEST(DemoHttp, MoreThanAGigabyteAndNonsenseAreNotFound) {
  const demo_http web;
  for (const char* target : {"/bytes/1073741825", "/bytes/-1", "/bytes/", "/bytes/1x", "/other"})
    EXPECT_TRUE(ask(web, get(target)).starts_with("HTTP/1.1 404 ")) << target;
}

TEST(DemoHttp, EchoSendsBackTheBody) {
  const demo_http web;
  const auto answer = ask(web,
                          "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                          "Content-Length: 5\r\n\r\nhello");
  EXPECT_EQ(body(answer), "hello");
}

TEST(DemoHttp, TooMuchIsCutOff) {
  const demo_http web;
  EXPECT_EQ(ask(web, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n"), "");
}

TEST(DemoHttp, ConnectionIsKeptForTheNextRequest) {
  const demo_http web;
  const auto answer = ask(web, "GET /bytes/3 HTTP/1.1\r\nHost: a\r\n\r\n" + get("/bytes/4"));
  EXPECT_EQ(answer.size() - answer.rfind("\r\n\r\n") - 4, 4U);
  EXPECT_NE(answer.find("HTTP/1.1 200", 1), std::string::npos);
}

TEST(DemoHttp, EndsWithAnOpenConnection) {
  const unique_fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  {
    const demo_http web;
    const socket_address to(ip_endpoint{*ip_address::parse("127.0.0.1"), web.port()});
    ASSERT_EQ(::connect(fd.get(), to.data(), to.length), 0);
  }
  char byte;
  EXPECT_LE(::recv(fd.get(), &byte, 1, 0), 0);
}

}  // namespace
}  // namespace relay::app
