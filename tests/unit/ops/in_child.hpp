#pragma once

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

namespace relay::ops::test {

/// Runs `work` in a process of its own, which what it does to itself ends with. The answer is the
/// first `work` gave, 255 when it threw or died.
template <class Work>
int in_child(Work work) {
  const auto child = ::fork();
  if (child == 0) {
    int answer = 255;
    try {
      answer = work();
    } catch (...) {
    }
    ::_exit(answer);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

}  // namespace relay::ops::test
