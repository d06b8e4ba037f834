#include "app/control_client.hpp"

#include "support/control_bench.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace relay::app {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using ops::control_request;

nobody_there nobody(const control_answer& from) {
  EXPECT_TRUE(std::holds_alternative<nobody_there>(from));
  return std::holds_alternative<nobody_there>(from) ? std::get<nobody_there>(from) : nobody_there{};
}

TEST(AskControl, GivesTheReply) {
  test::control_bench b;
  const auto answer = ask_control(b.path, {1, "hello"}, 10s);
  ASSERT_TRUE(std::holds_alternative<ops::control_reply>(answer)) << nobody(answer).message;
  EXPECT_EQ(std::get<std::string>(std::get<ops::control_reply>(answer)), "\"hello\"");
}

TEST(AskControl, GivesAnErrorAsItIs) {
  test::control_bench b;
  const auto answer = ask_control(b.path, {7, "hello"}, 10s);
  ASSERT_TRUE(std::holds_alternative<ops::control_reply>(answer)) << nobody(answer).message;
  EXPECT_EQ(std::get<ops::control_error>(std::get<ops::control_reply>(answer)).code, "RLY-VERSION");
}

TEST(AskControl, SaysThatNobodyIsThere) {
  const test::scratch_directory folder;
  const auto none = folder.path() + "/none.sock";
  const auto told = nobody(ask_control(none, {1, "hello"}, 1s));
  EXPECT_EQ(told.message, "no relay is running: nobody listens at " + none);
  EXPECT_FALSE(told.is_running);
}

TEST(AskControl, DoesNotWaitForEverForOneThatDoesNotAnswer) {
  test::control_bench b;
  const auto told = nobody(ask_control(b.path, {1, "hold"}, 50ms));
  EXPECT_EQ(told.message, "the relay at " + b.path + " does not answer");
  EXPECT_TRUE(told.is_running);
}

TEST(AskControl, SaysThatItEndedMeanwhile) {
  test::control_bench b;
  std::thread ends([&b] {
    test::wait_until([&] { return b.handler.holding() == 1; });
    b.stop();
  });
  const auto answer = ask_control(b.path, {1, "hold"}, 10s);
  ends.join();
  ASSERT_TRUE(std::holds_alternative<ops::control_reply>(answer)) << nobody(answer).message;
  EXPECT_EQ(std::get<ops::control_error>(std::get<ops::control_reply>(answer)).code, "RLY-ENDING");
}

TEST(AskControl, SaysThatItWasHungUpOn) {
  const test::scratch_directory folder;
  const auto path = folder.path() + "/a.sock";
  auto made = ops::control_listener::open(path);
  auto& listener = std::get<ops::control_listener>(made);
  std::thread hangs_up([fd = unique_fd(listener.release())] { test::accept_one(fd.get()); });
  const auto told = nobody(ask_control(path, {1, "hello"}, 10s));
  hangs_up.join();
  EXPECT_TRUE(told.message.starts_with("the relay at " + path)) << told.message;
  EXPECT_TRUE(told.is_running);
}

class FindControlSocket : public ::testing::Test {
 protected:
  ops::control_place usual() const {
    ops::control_place place;
    place.folder = folder_.path();
    place.path = folder_.path() + "/relay.sock";
    return place;
  }
  ops::control_listener at(const std::string& name) const {
    auto made = ops::control_listener::open(folder_.path() + '/' + name);
    if (const auto* why = std::get_if<std::string>(&made)) ADD_FAILURE() << *why;
    return std::move(std::get<ops::control_listener>(made));
  }
  std::string found() const {
    const auto where = find_control_socket(usual());
    const auto* path = std::get_if<std::string>(&where);
    return path != nullptr ? fs::path(*path).filename().string()
                           : std::get<nobody_there>(where).message;
  }

  test::scratch_directory folder_;
};

TEST_F(FindControlSocket, IsTheUsualOneIfItLives) {
  const auto other = at("other.sock");
  const auto one = at("relay.sock");
  EXPECT_EQ(found(), "relay.sock");
}

TEST_F(FindControlSocket, IsTheOnlyOtherOneElse) {
  const auto other = at("web.sock");
  folder_.file("note.txt", "");
  folder_.file("dead.sock", "");
  EXPECT_EQ(found(), "web.sock");
}

TEST_F(FindControlSocket, SeveralAreNamed) {
  const auto one = at("a.sock");
  const auto other = at("b.sock");
  EXPECT_EQ(found(), "several relays are running; say which: --control " + folder_.path() +
                         "/a.sock or " + folder_.path() + "/b.sock");
}

TEST_F(FindControlSocket, NoneIsToldWithThePlace) {
  EXPECT_EQ(found(), "no relay is running: nobody listens at " + folder_.path() + "/relay.sock");
  ops::control_place none;
  none.why_none = "it is off";
  EXPECT_EQ(std::get<nobody_there>(find_control_socket(none)).message,
            "there is no control socket: it is off");
}

TEST_F(FindControlSocket, WhatSomebodyHasNamedIsNotSearchedFor) {
  const auto other = at("web.sock");
  auto place = usual();
  place.is_asked_for = true;
  EXPECT_EQ(std::get<std::string>(find_control_socket(place)), place.path);
}

}  // namespace
}  // namespace relay::app
