#include "support/control_bench.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>

namespace relay::ops {
namespace {

using namespace std::chrono_literals;
using test::control_bench;

const std::string hello = "{\"version\":1,\"command\":\"hello\"}\n";
const std::string hold = "{\"version\":1,\"command\":\"hold\"}\n";
const std::string hold_long = "{\"version\":1,\"command\":\"hold long\"}\n";
const std::string answer = "{\"version\":1,\"result\":\"hello\"}\n";

bool says(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(ControlSocket, AnswersOneLineWithOneLineAndEnds) {
  control_bench b;
  EXPECT_EQ(b.ask(hello), answer);
  EXPECT_EQ(b.ask(hello + hello), answer) << "one question each";
  EXPECT_EQ(b.handler.last.user, ::geteuid());
  EXPECT_EQ(b.handler.last.process, ::getpid());
}

TEST(ControlSocket, ALineMayComeInPiecesOrEndWithItsCaller) {
  control_bench b;
  const auto slow = b.connect();
  for (const char each : hello) {
    EXPECT_EQ(b.ask(hello), answer) << "others are not kept waiting";
    test::send_all(slow.get(), std::string(1, each));
  }
  EXPECT_EQ(test::read_to_end(slow.get()), answer);
  const auto ends = b.connect();
  test::send_all(ends.get(), hello.substr(0, hello.size() - 1));
  test::shut_write(ends.get());
  EXPECT_EQ(test::read_to_end(ends.get()), answer);
}

TEST(ControlSocket, GarbageIsAnsweredWithACode) {
  control_bench b;
  EXPECT_TRUE(says(b.ask("garbage\n"), "RLY-BAD-REQUEST"));
  EXPECT_TRUE(says(b.ask(std::string("\0\0\0\n", 4)), "RLY-BAD-REQUEST"));
  EXPECT_TRUE(says(b.ask("\xff\xfe\n"), "RLY-BAD-REQUEST"));
  EXPECT_TRUE(says(b.ask("{\"version\":0,\"command\":\"hello\"}\n"), "RLY-VERSION"));
  EXPECT_EQ(b.handler.asked, 0U);
}

TEST(ControlSocket, ALineWithoutEndIsCutOff) {
  control_bench b;
  const auto fd = b.connect();
  const std::string some(64 * 1024, 'x');
  for (int i = 0; i < 16; ++i) {  // a megabyte; it may be hung up on in the middle of it
    if (::send(fd.get(), some.data(), some.size(), MSG_NOSIGNAL) < 0) break;
  }
  bool reset = false;  // the kernel's word for what was not read
  EXPECT_TRUE(says(test::read_to_end(fd.get(), &reset), "RLY-TOO-LONG"));
  EXPECT_EQ(b.ask(hello), answer);
}

TEST(ControlSocket, ACallerThatSaysNothingLosesItsPlace) {
  control_bench b({.callers = 1, .patience = 300ms});
  const auto silent = b.connect();
  EXPECT_EQ(b.ask(hello), answer) << "it has waited for the only place";
  EXPECT_EQ(test::read_to_end(silent.get()), "");
}

TEST(ControlSocket, ACallerThatDoesNotReadLosesItsPlace) {
  control_bench b({.callers = 1, .patience = 300ms});
  const auto deaf = b.connect();
  test::send_all(deaf.get(), "{\"version\":1,\"command\":\"much\"}\n");
  EXPECT_EQ(b.ask(hello), answer);
  EXPECT_LT(test::read_to_end(deaf.get()).size(), 8'000'000U) << "it was cut off";
}

TEST(ControlSocket, ALargeAnswerReachesWhoeverReads) {
  control_bench b;
  EXPECT_EQ(b.ask("{\"version\":1,\"command\":\"much\"}\n").size(), 8'000'000U + 26U);
}

TEST(ControlSocket, AThousandCallersAtOnceAreAnswered) {
  control_bench b({.callers = 4});
  std::vector<unique_fd> all;
  for (int i = 0; i < 1000; ++i) {
    all.push_back(b.connect());
    test::send_all(all.back().get(), hello);
  }
  for (const auto& each : all) EXPECT_EQ(test::read_to_end(each.get()), answer);
}

TEST(ControlSocket, AThousandThatHangUpCostNothing) {
  control_bench b({.callers = 4});
  for (int i = 0; i < 1000; ++i) {
    const auto fd = b.connect();
    if (i % 2 == 0) test::send_all(fd.get(), hello.substr(0, static_cast<std::size_t>(i) % 30));
  }
  EXPECT_EQ(b.ask(hello), answer);
}

TEST(ControlSocket, AnAnswerMayComeLater) {
  control_bench b;
  const auto fd = b.connect();
  test::send_all(fd.get(), hold);
  test::shut_write(fd.get());  // no hang-up: it waits
  ASSERT_TRUE(test::wait_until([&] { return b.handler.holding() == 1; }));
  EXPECT_EQ(b.ask(hello), answer);
  b.handler.held.front()(std::string("\"late\""));
  EXPECT_EQ(test::read_to_end(fd.get()), "{\"version\":1,\"result\":\"late\"}\n");
}

TEST(ControlSocket, ACallerThatHangsUpIsForgotten) {
  control_bench b({.callers = 1});
  {
    const auto fd = b.connect();
    test::send_all(fd.get(), hold);
    ASSERT_TRUE(test::wait_until([&] { return b.handler.holding() == 1; }));
  }
  EXPECT_EQ(b.ask(hello), answer) << "its place is free";
  b.handler.held.front()(std::string("\"late\""));
  EXPECT_EQ(b.ask(hello), answer);
}

TEST(ControlSocket, WhatTakesLongTakesNobodysPlace) {
  control_bench b({.callers = 1, .waiting = 2});
  const auto first = b.connect();
  const auto second = b.connect();
  test::send_all(first.get(), hold_long);
  test::send_all(second.get(), hold_long);
  ASSERT_TRUE(test::wait_until([&] { return b.handler.holding() == 2; }));
  EXPECT_EQ(b.ask(hello), answer);
  EXPECT_TRUE(says(b.ask(hold_long), "RLY-TOO-MANY"));
  b.handler.held[0](std::string("1"));
  EXPECT_EQ(test::read_to_end(first.get()), "{\"version\":1,\"result\":1}\n");
  const auto third = b.connect();
  test::send_all(third.get(), hold_long);
  EXPECT_TRUE(test::wait_until([&] { return b.handler.holding() == 3; })) << "there is room again";
}

TEST(ControlSocket, AnAnswerThatIsGivenTwiceIsSentOnce) {
  control_bench b;
  const auto fd = b.connect();
  test::send_all(fd.get(), hold);
  ASSERT_TRUE(test::wait_until([&] { return b.handler.holding() == 1; }));
  b.handler.held.front()(std::string("1"));
  b.handler.held.front()(std::string("2"));
  EXPECT_EQ(test::read_to_end(fd.get()), "{\"version\":1,\"result\":1}\n");
}

TEST(ControlSocket, TheEndRemovesTheFileAndHangsUp) {
  control_bench b;
  const auto waits = b.connect();
  test::send_all(waits.get(), hold);
  ASSERT_TRUE(test::wait_until([&] { return b.handler.holding() == 1; }));
  const auto silent = b.connect();
  b.stop();
  EXPECT_FALSE(std::filesystem::exists(b.path));
  EXPECT_TRUE(says(test::read_to_end(waits.get()), "RLY-ENDING"));
  bool reset = false;  // it may not have been accepted yet
  EXPECT_EQ(test::read_to_end(silent.get(), &reset), "");
  b.handler.held.front()(std::string("1"));  // nobody is there to hear it
}

}  // namespace
}  // namespace relay::ops
