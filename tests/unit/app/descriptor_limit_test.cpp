#include "app/descriptor_limit.hpp"

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <unistd.h>

namespace relay::app {
namespace {

/// The limits are those of the whole process: a test that lowers the soft one puts it back. The
/// hard one cannot be put back without privileges, so it is touched in child processes only.
class DescriptorLimit : public ::testing::Test {
 protected:
  DescriptorLimit() : before_(now()) {}
  ~DescriptorLimit() override { ::setrlimit(RLIMIT_NOFILE, &before_); }

  static rlimit now() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return limit;
  }
  void lower_soft_limit(rlim_t to) {
    const rlimit lower{to, before_.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &lower), 0);
  }

  const rlimit before_;
};

/// `holds` runs in a process of its own.
void expect_in_child(bool (*holds)()) {
  EXPECT_EXIT(::_exit(holds() ? 0 : 1), ::testing::ExitedWithCode(0), "");
}

TEST_F(DescriptorLimit, IsRaisedToTheHardOne) {
  lower_soft_limit(64);
  raise_descriptor_limit();
  EXPECT_EQ(now().rlim_cur, before_.rlim_max);
  EXPECT_EQ(now().rlim_max, before_.rlim_max);
}

TEST_F(DescriptorLimit, StaysWhenItIsAtTheHardOneAlready) {
  raise_descriptor_limit();
  raise_descriptor_limit();
  EXPECT_EQ(now().rlim_cur, before_.rlim_max);
}

TEST_F(DescriptorLimit, IsSetOnBothSides) {
  expect_in_child([] {
    set_descriptor_limit(100);
    return now().rlim_cur == 100 && now().rlim_max == 100;
  });
}

TEST_F(DescriptorLimit, StaysWhenTheSystemRefuses) {
  expect_in_child([] {
    const auto before = now();
    // More than the system allows anybody (fs.nr_open).
    set_descriptor_limit(1ULL << 62);
    return now().rlim_cur == before.rlim_cur && now().rlim_max == before.rlim_max;
  });
}

TEST_F(DescriptorLimit, IsShownAsOneLine) {
  lower_soft_limit(65);
  EXPECT_EQ(descriptor_line(), "fd: soft=65, hard=" + std::to_string(before_.rlim_max) + "\n");
}

}  // namespace
}  // namespace relay::app
