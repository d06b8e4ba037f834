#include <relay/base/unique_fd.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

namespace relay {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

unique_fd open_null() { return unique_fd(::open("/dev/null", O_RDWR | O_CLOEXEC)); }

TEST(UniqueFd, ClosesWhatItOwnsOnce) {
  int raw = -1;
  {
    auto owner = open_null();
    raw = owner.get();
    ASSERT_TRUE(is_open(raw));
    auto next = std::move(owner);
    EXPECT_FALSE(owner);  // NOLINT(bugprone-use-after-move): the state after a move is defined
    EXPECT_EQ(next.get(), raw);
  }
  EXPECT_FALSE(is_open(raw));
}

TEST(UniqueFd, ReplacesAndReleases) {
  auto owner = open_null();
  const int first = owner.get();
  owner = open_null();
  EXPECT_FALSE(is_open(first) && first != owner.get());
  const int second = owner.release();
  EXPECT_FALSE(owner);
  EXPECT_TRUE(is_open(second));
  owner.reset(second);
  owner.reset(second);  // giving it what it has keeps it
  EXPECT_TRUE(is_open(second));
}

}  // namespace
}  // namespace relay
