#include "unit/ops/variables.hpp"

#include <relay/ops/service_manager.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <filesystem>

namespace relay::ops {
namespace {

using namespace std::chrono_literals;
using test::variables;
namespace fs = std::filesystem;

constexpr pid_t self = 4711;

/// A service manager's end: a datagram socket in a folder of its own, or in the abstract namespace.
class Notify : public ::testing::Test {
 protected:
  Notify() {
    std::string pattern = (fs::temp_directory_path() / "relay-notify-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    listen_at(folder_ / "socket");
  }
  ~Notify() override { fs::remove_all(folder_); }

  /// A leading `@` stands for the abstract namespace.
  void listen_at(const std::string& name) {
    name_ = name;
    socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0));
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::memcpy(at.sun_path, name.data(), name.size());
    if (name.front() == '@') at.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    ASSERT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&at), length), 0);
  }

  /// The next datagram; empty when there is none.
  std::string heard() const {
    std::array<char, 4096> text;
    const auto got = ::recv(socket_.get(), text.data(), text.size(), 0);
    return got > 0 ? std::string(text.data(), static_cast<std::size_t>(got)) : std::string();
  }

  service_manager manager(const std::string& watchdog = "", const std::string& whom = "") const {
    std::map<std::string, std::string> given{{"NOTIFY_SOCKET", name_}};
    if (!watchdog.empty()) given["WATCHDOG_USEC"] = watchdog;
    if (!whom.empty()) given["WATCHDOG_PID"] = whom;
    return {variables(given), self};
  }

  fs::path folder_;
  std::string name_;
  unique_fd socket_;
};

TEST_F(Notify, ReadyNamesTheProcessAndItsStatus) {
  auto told = manager();
  EXPECT_FALSE(told.ready("listening on 3 addresses"));
  EXPECT_EQ(heard(),
            "READY=1\nMAINPID=" + std::to_string(::getpid()) + "\nSTATUS=listening on 3 addresses");
  EXPECT_EQ(heard(), "");
}

TEST_F(Notify, StoppingAsksForTheTimeItMayTake) {
  auto told = manager();
  EXPECT_FALSE(told.stopping(120s, "waiting"));
  EXPECT_EQ(heard(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=125000000\nSTATUS=waiting");
  EXPECT_FALSE(told.stopping(std::chrono::seconds(4294967295), "for ever"));
  EXPECT_EQ(heard(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=4294967300000000\nSTATUS=for ever");
}

TEST_F(Notify, AbstractNamesWorkToo) {
  listen_at("@relay-notify-" + std::to_string(::getpid()));
  EXPECT_FALSE(manager().ready("here"));
  EXPECT_TRUE(heard().starts_with("READY=1\n"));
}

TEST_F(Notify, StatusOfSeveralLinesIsCutSoThatItSetsNoVariable) {
  EXPECT_FALSE(manager().stopping(0s, "one\nMAINPID=1"));
  EXPECT_TRUE(heard().ends_with("\nSTATUS=one"));
}

TEST_F(Notify, NobodyListensAndNothingHappens) {
  for (const auto& reader :
       {variables({}), variable_reader{}, variables({{"NOTIFY_SOCKET", ""}})}) {
    service_manager alone(reader, self);
    EXPECT_FALSE(alone.listens());
    EXPECT_FALSE(alone.ready("x"));
    EXPECT_FALSE(alone.stopping(1s, "x"));
    EXPECT_FALSE(alone.due());
    EXPECT_FALSE(alone.tick());
  }
}

TEST_F(Notify, SocketThatCannotBeReachedIsAnErrorAndNoMore) {
  for (const std::string& name :
       {folder_.string() + "/none", std::string("vsock:2:1"), std::string(200, '/')}) {
    service_manager lost(variables({{"NOTIFY_SOCKET", name}}), self);
    EXPECT_TRUE(lost.ready("x")) << name;
    EXPECT_FALSE(lost.due()) << "nothing is kept for a socket that is not there";
  }
}

TEST_F(Notify, WatchdogWantsASignOfLifeTwiceInItsInterval) {
  auto told = manager("3000000", std::to_string(self));
  ASSERT_TRUE(told.due());
  EXPECT_EQ(*told.due(), 1500ms);
  EXPECT_FALSE(told.tick());
  EXPECT_EQ(heard(), "WATCHDOG=1");
  EXPECT_EQ(*manager("3000000").due(), 1500ms) << "for every process when none is named";
  EXPECT_EQ(*manager("1").due(), 1ms);
}

TEST_F(Notify, NoSignOfLifeWhileSomethingIsWrong) {
  auto told = manager("3000000");
  EXPECT_FALSE(told.tick(false));
  EXPECT_EQ(heard(), "");
  EXPECT_EQ(*told.due(), 1500ms) << "it is asked again";
  EXPECT_FALSE(told.tick(true));
  EXPECT_EQ(heard(), "WATCHDOG=1");
}

TEST_F(Notify, StatusMayChangeByItself) {
  auto told = manager();
  EXPECT_FALSE(told.status("1 workers do not turn"));
  EXPECT_EQ(heard(), "STATUS=1 workers do not turn");
}

TEST_F(Notify, WatchdogOfAnotherProcessOrWithoutATimeIsNone) {
  EXPECT_FALSE(manager("3000000", std::to_string(self + 1)).due());
  EXPECT_FALSE(manager("3000000", "me").due());
  for (const char* text : {"0", "-1", "soon", "99999999999999999999"})
    EXPECT_FALSE(manager(text).due()) << text;
}

TEST_F(Notify, WhatAFullSocketDoesNotTakeIsSentLaterInOrder) {
  auto told = manager();
  std::size_t sent = 0;
  for (; !told.due(); ++sent) {
    ASSERT_LT(sent, 100'000U) << "the socket never fills up";
    ASSERT_FALSE(told.ready(std::to_string(sent)));
  }
  EXPECT_FALSE(told.stopping(1s, "the last"));
  EXPECT_EQ(*told.due(), 100ms);
  std::size_t ready = 0;
  std::string last;
  for (std::string text = heard(); !text.empty(); text = heard()) {
    EXPECT_TRUE(text.ends_with("STATUS=" + std::to_string(ready))) << text;
    ++ready;
  }
  EXPECT_FALSE(told.tick());
  EXPECT_FALSE(told.due());
  for (std::string text = heard(); !text.empty(); text = heard()) {
    ++ready;
    last = text;
  }
  EXPECT_EQ(ready, sent + 1) << "all of the first kind and one of the other";
  EXPECT_TRUE(last.ends_with("the last"));
}

}  // namespace
}  // namespace relay::ops
