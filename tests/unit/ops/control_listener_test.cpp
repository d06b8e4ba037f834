#include "support/scratch_directory.hpp"

#include <relay/ops/control_listener.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>

namespace relay::ops {
namespace {

namespace fs = std::filesystem;

class ControlListener : public ::testing::Test {
 protected:
  std::optional<control_listener> opened(const std::string& path) {
    auto made = control_listener::open(path);
    if (auto* why = std::get_if<std::string>(&made)) {
      why_ = *why;
      return std::nullopt;
    }
    return std::move(std::get<control_listener>(made));
  }
  /// The file of one that has died without a word.
  void leave_dead_socket() {
    auto first = opened(path_);
    ASSERT_TRUE(first) << why_;
    const unique_fd socket(first->release());
    fs::rename(path_, path_ + ".kept");
    first->remove();
    fs::rename(path_ + ".kept", path_);
  }

  test::scratch_directory folder_;
  std::string path_ = folder_.path() + "/a.sock";
  std::string why_;
};

TEST_F(ControlListener, IsForItsUserOnlyAndGoesWithItsOwner) {
  {
    const auto one = opened(path_);
    ASSERT_TRUE(one) << why_;
    EXPECT_EQ(one->path(), path_);
    struct stat what {};
    ASSERT_EQ(::lstat(path_.c_str(), &what), 0);
    EXPECT_TRUE(S_ISSOCK(what.st_mode));
    EXPECT_EQ(what.st_mode & 0777, 0600U);
    EXPECT_TRUE(connect_control(path_, false));
  }
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(ControlListener, ALivingOneIsLeftAloneAndTheSecondIsTold) {
  const auto first = opened(path_);
  ASSERT_TRUE(first) << why_;
  EXPECT_FALSE(opened(path_));
  EXPECT_EQ(why_, path_ + ": another relay listens there");
  EXPECT_TRUE(connect_control(path_, false)) << "the first is still there";
}

TEST_F(ControlListener, TheFileOfADeadOneIsReplaced) {
  leave_dead_socket();
  ASSERT_TRUE(fs::exists(path_));
  EXPECT_FALSE(connect_control(path_, false));
  EXPECT_EQ(errno, ECONNREFUSED);
  const auto next = opened(path_);
  ASSERT_TRUE(next) << why_;
  EXPECT_TRUE(connect_control(path_, false));
}

TEST_F(ControlListener, ALivingOneWithAFullQueueCountsAsLiving) {
  const unique_fd busy(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  path_.copy(at.sun_path, sizeof at.sun_path - 1);
  ASSERT_EQ(::bind(busy.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
  ASSERT_EQ(::listen(busy.get(), 0), 0);
  std::vector<unique_fd> waiting;
  for (auto one = connect_control(path_, false); one; one = connect_control(path_, false))
    waiting.push_back(std::move(one));
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_FALSE(opened(path_));
  EXPECT_NE(why_.find("another relay listens there"), std::string::npos) << why_;
}

TEST_F(ControlListener, WhatIsNoSocketIsNeverRemoved) {
  folder_.file("a.sock", "precious");
  EXPECT_FALSE(opened(path_));
  EXPECT_EQ(why_, path_ + ": there is a file that is no socket");
  EXPECT_EQ(fs::file_size(path_), 8U);
  const auto link = folder_.path() + "/link.sock";
  fs::create_symlink(path_, link);
  EXPECT_FALSE(opened(link));
  EXPECT_TRUE(fs::is_symlink(link));
}

TEST_F(ControlListener, AFileThatHasTakenItsPlaceIsLeftAlone) {
  auto first = opened(path_);
  ASSERT_TRUE(first) << why_;
  fs::remove(path_);
  const auto second = opened(path_);
  ASSERT_TRUE(second) << why_;
  first.reset();
  EXPECT_TRUE(connect_control(path_, false)) << "the second's file is gone";
}

TEST_F(ControlListener, AMovedOneKeepsItsFile) {
  auto first = opened(path_);
  ASSERT_TRUE(first) << why_;
  control_listener second;
  second = std::move(*first);
  first.reset();
  EXPECT_TRUE(fs::exists(path_));
  EXPECT_EQ(second.path(), path_);
}

TEST_F(ControlListener, APathThatIsTooLongIsToldInBytes) {
  const auto longest = folder_.path() + '/' + std::string(107 - folder_.path().size() - 1, 'a');
  EXPECT_TRUE(opened(longest)) << why_;
  EXPECT_FALSE(opened(longest + 'a'));
  EXPECT_TRUE(why_.ends_with("the path of a socket has at most 107 bytes, this one has 108"))
      << why_;
}

TEST_F(ControlListener, AFolderThatIsMissingIsNotMade) {
  EXPECT_FALSE(opened(folder_.path() + "/none/a.sock"));
  EXPECT_TRUE(why_.ends_with(": no such file or directory")) << why_;
}

TEST_F(ControlListener, ARelativePathIsThatOfTheStart) {
  const auto before = fs::current_path();
  fs::current_path(folder_.path());
  auto made = opened("a.sock");
  fs::current_path(before);
  ASSERT_TRUE(made) << why_;
  EXPECT_EQ(made->path(), path_);
  made.reset();
  EXPECT_FALSE(fs::exists(path_));
}

}  // namespace
}  // namespace relay::ops
