#include "app/config_watch.hpp"

#include "support/scratch_directory.hpp"

#include <relay/base/log.hpp>

#include <gtest/gtest.h>
#include <spdlog/logger.h>

#include <chrono>
#include <filesystem>

namespace relay::app {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

TEST(Fingerprint, DiffersWithContentAndNames) {
  const test::scratch_directory folder;
  const auto file = folder.file("a.toml", "one");
  const auto first = fingerprint(file);
  EXPECT_NE(first, 0U);
  EXPECT_EQ(fingerprint(file), first);
  folder.file("a.toml", "two");
  EXPECT_NE(fingerprint(file), first);
  const auto whole = fingerprint(folder.path());
  fs::rename(file, folder.path() + "/b.toml");
  EXPECT_NE(fingerprint(folder.path()), whole);
  EXPECT_EQ(fingerprint(file), 0U) << "it is not there";
}

TEST(Fingerprint, OfAFolderIsOfEverythingBelow) {
  const test::scratch_directory folder;
  fs::create_directory(folder.path() + "/sub");
  fs::create_directory_symlink(folder.path(), folder.path() + "/sub/round");  // a circle
  folder.file("sub/a.toml", "one");
  const auto first = fingerprint(folder.path());
  folder.file("sub/.hidden.toml", "x");
  EXPECT_EQ(fingerprint(folder.path()), first);
  folder.file("sub/a.toml", "two");
  EXPECT_NE(fingerprint(folder.path()), first);
}

/// A watch, and how often it has told.
struct watch_bench {
  explicit watch_bench(const std::string& path)
      : watch(loop, path, log.target("x"), [this] { ++told; }) {
    watch.start();
  }
  /// Whether it has told so often before long.
  bool tells(int times) {
    const auto limit = std::chrono::steady_clock::now() + 10s;
    while (told < times && std::chrono::steady_clock::now() < limit) loop.run_one_for(10ms);
    return told == times;
  }

  logs log{logs::level::off, "stdout"};
  boost::asio::io_context loop;
  int told = 0;
  config_watch watch;
};

TEST(ConfigWatch, TellsOfEachContentOnce) {
  const test::scratch_directory folder;
  const auto path = folder.file("relay.toml", "one");
  watch_bench b(path);
  folder.file("relay.toml", "two");
  EXPECT_TRUE(b.tells(1));
  folder.file("relay.toml", "two");  // the same
  folder.file("beside.toml", "two");
  folder.file("fresh", "three");
  fs::rename(folder.path() + "/fresh", path);
  EXPECT_TRUE(b.tells(2));
}

TEST(ConfigWatch, FollowsAFileThatIsGoneForAMoment) {
  const test::scratch_directory folder;
  const auto path = folder.file("relay.toml", "one");
  watch_bench b(path);
  fs::remove(path);
  folder.file("relay.toml", "two");
  EXPECT_TRUE(b.tells(1));
}

TEST(ConfigWatch, FollowsTheLinksOfAVolume) {
  const test::scratch_directory folder;
  const auto version = [&](const std::string& name, const std::string& text) {
    fs::create_directory(folder.path() + "/" + name);
    folder.file(name + "/relay.toml", text);
    fs::create_directory_symlink(name, folder.path() + "/next");
    fs::rename(folder.path() + "/next", folder.path() + "/data");
  };
  version("one", "one");
  fs::create_symlink("data/relay.toml", folder.path() + "/relay.toml");
  watch_bench b(folder.path() + "/relay.toml");
  version("two", "two");
  EXPECT_TRUE(b.tells(1));
  folder.file("two/relay.toml", "three");  // where it leads now
  EXPECT_TRUE(b.tells(2));
}

TEST(ConfigWatch, StopsAndStartsAnew) {
  const test::scratch_directory folder;
  const auto path = folder.file("relay.toml", "one");
  watch_bench b(path);
  b.watch.stop();
  EXPECT_FALSE(b.watch.is_running());
  folder.file("relay.toml", "two");
  b.watch.start();
  folder.file("relay.toml", "three");
  EXPECT_TRUE(b.tells(1)) << "what was changed meanwhile is known";
}

}  // namespace
}  // namespace relay::app
