#include <relay/wire/socks.hpp>

#include <gtest/gtest.h>

namespace relay::wire {
namespace {

using namespace std::string_view_literals;

TEST(Socks, WritesWhatTheRfcsSay) {
  EXPECT_EQ(write_socks_greeting(false), "\5\1\0"sv);
  EXPECT_EQ(write_socks_greeting(true), "\5\2\0\2"sv);
  EXPECT_EQ(write_socks_login("me", "pw"), "\1\2me\2pw"sv);
  EXPECT_EQ(write_socks_connect("a.example", 8080), "\5\1\0\3\11a.example\x1f\x90"sv);
  EXPECT_EQ(write_socks_connect("10.0.0.1", 80), "\5\1\0\1\12\0\0\1\0\120"sv);
  EXPECT_EQ(write_socks_connect("::1", 1), "\5\1\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\1"sv);
  EXPECT_EQ(write_socks_login(std::string(300, 'a'), "").size(), 1U + 256 + 1);
}

TEST(Socks, ChoiceOfALogin) {
  EXPECT_EQ(read_socks_choice("", false).size, 0U);
  EXPECT_EQ(read_socks_choice("\5"sv, false).size, 0U);
  const auto none = read_socks_choice("\5\0"sv, false);
  EXPECT_TRUE(none.size == 2 && none.wrong.empty() && !none.wants_login);
  const auto password = read_socks_choice("\5\2"sv, true);
  EXPECT_TRUE(password.size == 2 && password.wrong.empty() && password.wants_login);
  const auto needless = read_socks_choice("\5\0"sv, true);
  EXPECT_TRUE(needless.wrong.empty() && !needless.wants_login);
  for (const auto answer : {"\5\2"sv, "\5\xff"sv, "\5\1"sv})
    EXPECT_NE(read_socks_choice(answer, false).wrong.find("USER:PASSWORD@"), std::string::npos);
  EXPECT_EQ(read_socks_choice("\5\xff"sv, true).wrong, "it takes no password");
  EXPECT_EQ(read_socks_choice("HTTP/1.1 400", true).wrong, "it does not speak SOCKS 5");
}

TEST(Socks, AnswerToALogin) {
  EXPECT_EQ(read_socks_login("\1"sv).size, 0U);
  EXPECT_EQ(read_socks_login("\1\0"sv), (socks_answer{2, ""}));
  EXPECT_EQ(read_socks_login("\1\1"sv).wrong, "it refuses this user and password");
}

TEST(Socks, AnswerToAConnect) {
  for (const auto whole : {"\5\0\0\1\0\0\0\0\0\0"sv, "\5\0\0\3\1a\0\0"sv,
                           "\5\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"sv}) {
    for (std::size_t size = 0; size < whole.size(); ++size)
      EXPECT_EQ(read_socks_connect(whole.substr(0, size)), socks_answer{}) << size;
    EXPECT_EQ(read_socks_connect(std::string(whole) + "x"), (socks_answer{whole.size(), ""}));
  }
  EXPECT_EQ(read_socks_connect("\5\5\0\1\0\0\0\0\0\0"sv).wrong,
            "it cannot connect: connection refused");
  EXPECT_EQ(read_socks_connect("\5\x63\0\1\0"sv).wrong, "it cannot connect: code 99");
  EXPECT_EQ(read_socks_connect("\5\0\0\7\0"sv).wrong, "it does not speak SOCKS 5");
  EXPECT_EQ(read_socks_connect("\4\0\0\1\0"sv).wrong, "it does not speak SOCKS 5");
}

}  // namespace
}  // namespace relay::wire
