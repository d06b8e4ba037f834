#include "app/background.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

namespace relay::app {
namespace {

struct outcome {
  int code = -1;
  std::string said;  ///< by anyone, on stdout
};

/// Detaches in a process of its own, whose stdout we read to its end: that comes when every process
/// that holds it has closed it.
outcome detach(const std::function<void(background&)>& work) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const auto caller = ::fork();
  if (caller == 0) {
    ::alarm(10);  // a stuck test ends
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    auto role = background::start();
    if (role.exit_with()) ::_exit(*role.exit_with());
    if (role.failure().empty()) work(role);
    ::_exit(99);
  }
  ::close(ends[1]);
  int status = 0;
  EXPECT_EQ(::waitpid(caller, &status, 0), caller);
  outcome got;
  char buffer[256];
  for (ssize_t rc; (rc = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    got.said.append(buffer, static_cast<std::size_t>(rc));
  ::close(ends[0]);
  got.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return got;
}

void say(const std::string& text) {
  EXPECT_EQ(::write(STDOUT_FILENO, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

TEST(Background, CallerEndsWithZeroOnceItServes) {
  const auto got = detach([](background& role) {
    say("before");
    role.serves();
    say("after");
    role.ended(7);  // the caller has gone: nobody to tell
  });
  EXPECT_EQ(got.code, 0);
  EXPECT_EQ(got.said, "before");
}

TEST(Background, CallerEndsWithTheCodeOfAFailedStart) {
  const auto got = detach([](background& role) {
    say("why");
    role.ended(78);
  });
  EXPECT_EQ(got.code, 78);
  EXPECT_EQ(got.said, "why");
}

TEST(Background, CallerOfAProcessThatDiesEndsWithAFailure) {
  EXPECT_EQ(detach([](background&) { ::raise(SIGKILL); }).code, 1);
}

TEST(Background, ProcessHasASessionOfItsOwnWithoutLeadingIt) {
  const auto session = ::getsid(0);
  const auto got = detach([&](background& role) {
    say(::getsid(0) != session && ::getsid(0) != ::getpid() ? "own" : "not");
    role.ended(0);
  });
  EXPECT_EQ(got.said, "own");
}

TEST(Background, InTheForegroundNothingHappens) {
  background none;
  none.serves();
  none.ended(3);
  EXPECT_FALSE(none.exit_with());
  EXPECT_EQ(::fcntl(STDOUT_FILENO, F_GETFD) < 0, false);
}

}  // namespace
}  // namespace relay::app
