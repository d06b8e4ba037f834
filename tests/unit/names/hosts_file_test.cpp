#include "support/scratch_directory.hpp"

#include <relay/names/hosts_file.hpp>

#include <gtest/gtest.h>

namespace relay::names {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> texts(const std::vector<ip_address>& from) {
  std::vector<std::string> made;
  for (const auto& each : from) made.push_back(each.to_string());
  return made;
}
using list = std::vector<std::string>;

TEST(HostsFile, ANameCollectsTheAddressesOfAllItsLines) {
  const auto table = parse_hosts("192.0.2.1 one two\n::1\tone\n192.0.2.1 one\n");
  EXPECT_EQ(texts(table.at("one")), (list{"192.0.2.1", "::1"}));
  EXPECT_EQ(texts(table.at("two")), (list{"192.0.2.1"}));
}

TEST(HostsFile, CaseAndTheLastDotDoNotMatter) {
  const auto table = parse_hosts("192.0.2.1 Big.Test.\n");
  EXPECT_TRUE(table.contains("big.test"));
}

TEST(HostsFile, CommentsAndNonsenseAreSkipped) {
  const auto table = parse_hosts(
      "# 192.0.2.9 comment\n192.0.2.1 name # tail\n\n  \t\nnot-an-address thing\n192.0.2.2\n"
      "300.0.0.1 wrong\n  192.0.2.3   indented\r\n");
  EXPECT_EQ(table.size(), 2u);
  EXPECT_TRUE(table.contains("name"));
  EXPECT_TRUE(table.contains("indented"));
}

TEST(HostsFile, TheLastLineNeedsNoNewline) {
  EXPECT_TRUE(parse_hosts("192.0.2.1 last").contains("last"));
}

class WatchedFile : public ::testing::Test {
 protected:
  std::string path() const { return directory_.path() + "/file"; }
  void write(const std::string& text) const { directory_.file("file", text); }

  test::scratch_directory directory_;
  watched_file::time_point start_{1000h};
};

TEST_F(WatchedFile, IsReadOnceUntilItChanges) {
  write("first");
  watched_file file(path());
  EXPECT_EQ(file.news(start_), "first");
  EXPECT_EQ(file.news(start_ + 1min), std::nullopt);
  write("second!");
  EXPECT_EQ(file.news(start_ + 2min), "second!");
}

TEST_F(WatchedFile, IsNotLookedAtMoreOftenThanNeeded) {
  write("first");
  watched_file file(path());
  EXPECT_EQ(file.news(start_), "first");
  write("second!");
  EXPECT_EQ(file.news(start_ + watched_file::recheck - 1ms), std::nullopt);
  EXPECT_EQ(file.news(start_ + watched_file::recheck), "second!");
}

TEST_F(WatchedFile, AMissingFileIsEmptyAndMayAppearAndGo) {
  watched_file file(path());
  EXPECT_EQ(file.news(start_), "");
  EXPECT_EQ(file.news(start_ + 1min), std::nullopt);
  write("here");
  EXPECT_EQ(file.news(start_ + 2min), "here");
  std::filesystem::remove(path());
  EXPECT_EQ(file.news(start_ + 3min), "");
}

TEST_F(WatchedFile, ADirectoryOrADeviceIsNotRead) {
  EXPECT_EQ(watched_file(directory_.path()).news(start_), "");
  EXPECT_EQ(watched_file("/dev/zero").news(start_), "");
}

TEST_F(WatchedFile, HostsAreFoundAndFollowTheFile) {
  write("192.0.2.1 one\n");
  hosts_file hosts(path());
  ASSERT_NE(hosts.find("one", start_), nullptr);
  EXPECT_EQ(hosts.find("two", start_), nullptr);
  write("192.0.2.1 one two\n");
  ASSERT_NE(hosts.find("two", start_ + 1min), nullptr);
}

}  // namespace
}  // namespace relay::names
