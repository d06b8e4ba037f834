#include <relay/base/log.hpp>

#include <gtest/gtest.h>
#include <spdlog/logger.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <system_error>
#include <thread>
#include <vector>

namespace relay {
namespace {

namespace fs = std::filesystem;

class LogFile : public ::testing::Test {
 protected:
  LogFile() {
    std::string pattern = (fs::temp_directory_path() / "relay-log-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ / "relay.log";
  }
  ~LogFile() override { fs::remove_all(folder_); }

  /// What is in the file once all that was logged is written.
  static std::vector<std::string> lines(const fs::path& file, const logs& log) {
    EXPECT_TRUE(log.flush());
    return lines(file);
  }
  static std::vector<std::string> lines(const fs::path& file) {
    std::ifstream in(file);
    std::vector<std::string> all;
    for (std::string line; std::getline(in, line);) all.push_back(line);
    return all;
  }

  fs::path folder_;
  fs::path path_;
};

TEST_F(LogFile, LinesHaveDateTimeTargetAndLevelWithoutSpaces) {
  logs log(logs::level::trace, path_);
  log.target("realm_core::tcp::middle").info("[tcp]{} => {}", "a", "b");
  const auto written = lines(path_, log);
  ASSERT_EQ(written.size(), 1U);
  const std::regex form(
      R"(\[\d{4}-\d\d-\d\d\]\[\d\d:\d\d:\d\d\]\[realm_core::tcp::middle\]\[INFO\]\[tcp\]a => b)");
  EXPECT_TRUE(std::regex_match(written[0], form)) << written[0];
}

TEST_F(LogFile, TheTimeIsAsExactAsIsAskedFor) {
  const std::pair<logs::stamp, const char*> forms[]{
      {logs::stamp::seconds, R"(\d\d:\d\d:\d\d)"},
      {logs::stamp::local, R"(\d\d:\d\d:\d\d\.\d{3})"},
      {logs::stamp::utc, R"(\d\d:\d\d:\d\d\.\d{3}Z)"},
      {logs::stamp::zone, R"(\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d)"}};
  for (const auto& [stamp, form] : forms) {
    const auto path = path_.string() + std::to_string(static_cast<int>(stamp));
    logs log(logs::level::info, path, stamp);
    log.target("x").info("y");
    const auto written = lines(path, log);
    ASSERT_EQ(written.size(), 1U);
    const std::regex line(R"(\[\d{4}-\d\d-\d\d\]\[)" + std::string(form) + R"(\]\[x\]\[INFO\]y)");
    EXPECT_TRUE(std::regex_match(written[0], line)) << written[0];
  }
}

TEST_F(LogFile, WhatWasAskedForIsAnsweredAtEveryLevel) {
  logs log(logs::level::error, path_);
  log.answers().info("asked");
  log.target("relay").warn("not asked");
  EXPECT_EQ(lines(path_, log).size(), 1U);
  EXPECT_FALSE(log.is_off());
  logs off(logs::level::off, path_);
  off.answers().info("nowhere");
  EXPECT_TRUE(off.is_off());
  EXPECT_EQ(lines(path_).size(), 1U);
}

TEST_F(LogFile, KnowsWhetherTheStandardErrorGoesThere) {
  logs apart(logs::level::error, path_);
  EXPECT_FALSE(apart.shares_stderr());
  logs same(logs::level::error, "stderr");
  EXPECT_TRUE(same.shares_stderr());
  logs off(logs::level::off, "stderr");
  EXPECT_FALSE(off.shares_stderr()) << "it writes nothing";
}

TEST_F(LogFile, LevelsAreUpperCaseWords) {
  logs log(logs::level::trace, path_);
  auto& target = log.target("t");
  target.error("x");
  target.warn("x");
  target.info("x");
  target.debug("x");
  target.trace("x");
  const auto written = lines(path_, log);
  ASSERT_EQ(written.size(), 5U);
  const std::vector<std::string> words{"ERROR", "WARN", "INFO", "DEBUG", "TRACE"};
  for (std::size_t i = 0; i < words.size(); ++i)
    EXPECT_TRUE(written[i].ends_with("[t][" + words[i] + "]x")) << written[i];
}

TEST_F(LogFile, TimeIsLocal) {
  const char* before = std::getenv("TZ");
  const std::string kept = before ? before : "";
  const auto hour = [&](const char* zone) {
    ::setenv("TZ", zone, 1);
    ::tzset();
    fs::remove(path_);
    logs log(logs::level::info, path_);
    log.target("t").info("x");
    return lines(path_, log).at(0).substr(0, 15);  // date and hour
  };
  EXPECT_NE(hour("UTC"), hour("XXX-12"));
  before ? ::setenv("TZ", kept.c_str(), 1) : ::unsetenv("TZ");
  ::tzset();
}

TEST_F(LogFile, LevelIsTheLeastThatIsWritten) {
  logs log(logs::level::warn, path_);
  log.target("t").info("not this");
  log.target("t").warn("this");
  EXPECT_EQ(lines(path_, log).size(), 1U);
}

TEST_F(LogFile, OffWritesNothing) {
  logs log(logs::level::off, path_);
  log.target("t").error("x");
  log.target("t").critical("x");
  EXPECT_TRUE(lines(path_, log).empty());
}

TEST_F(LogFile, AppendsToWhatIsThere) {
  std::ofstream(path_) << "old\n";
  logs log(logs::level::info, path_);
  log.target("t").info("new");
  EXPECT_EQ(lines(path_, log).size(), 2U);
}

TEST_F(LogFile, LineDoesNotWaitForMoreOfThem) {
  logs log(logs::level::info, path_);
  for (std::size_t n = 1; n <= 3; ++n) {
    log.target("t").info("x");
    EXPECT_EQ(lines(path_, log).size(), n);
  }
}

TEST_F(LogFile, WhatWasLoggedIsThereWhenTheLogHasEnded) {
  {
    logs log(logs::level::info, path_);
    for (int i = 0; i < 1000; ++i) log.target("t").info("{}", i);
  }
  const auto written = lines(path_);
  ASSERT_EQ(written.size(), 1000U);
  EXPECT_TRUE(written.back().ends_with("999"));
}

TEST_F(LogFile, MissingFolderThrowsWithThePath) {
  const auto path = (folder_ / "none" / "relay.log").string();
  try {
    logs log(logs::level::info, path);
    FAIL() << "opened " << path;
  } catch (const std::system_error& e) {
    EXPECT_EQ(e.code().value(), ENOENT);
    EXPECT_NE(std::string(e.what()).find(path), std::string::npos) << e.what();
  }
}

TEST_F(LogFile, FileIsClosedOnExec) {
  logs log(logs::level::info, path_);
  const auto wanted = fs::canonical(path_);
  int seen = 0;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code ec;
    if (fs::read_symlink(entry, ec) != wanted) continue;
    const int flags = ::fcntl(std::stoi(entry.path().filename()), F_GETFD);
    EXPECT_TRUE(flags & FD_CLOEXEC);
    ++seen;
  }
  EXPECT_EQ(seen, 1);
}

TEST_F(LogFile, IsNotWritableForOthersWhateverTheUmask) {
  const auto kept = ::umask(0);
  logs log(logs::level::info, path_);
  ::umask(kept);
  EXPECT_EQ(fs::status(path_).permissions() & (fs::perms::others_write | fs::perms::group_write),
            fs::perms::none);
}

TEST_F(LogFile, ReopenWritesToANewFileAfterRename) {
  logs log(logs::level::info, path_);
  auto& target = log.target("t");
  target.info("first");
  const auto rotated = folder_ / "relay.log.1";
  fs::rename(path_, rotated);
  target.info("second");  // still the old file: nobody has told us
  EXPECT_TRUE(log.flush());
  log.reopen();
  target.info("third");
  EXPECT_EQ(lines(rotated, log).size(), 2U);
  EXPECT_EQ(lines(path_).size(), 1U);
}

TEST_F(LogFile, ReopenKeepsTheOldFileWhenTheNewOneCannotBeOpenedAndSaysSoThere) {
  logs log(logs::level::info, path_);
  const auto rotated = folder_ / "relay.log.1";
  fs::rename(path_, rotated);
  fs::create_directory(path_);  // cannot be opened for writing, not even by root
  log.reopen();
  log.target("t").info("x");
  const auto written = lines(rotated, log);
  ASSERT_EQ(written.size(), 2U);
  EXPECT_TRUE(
      written[0].ends_with("[relay::log][ERROR]cannot open " + path_.string() + ": is a directory"))
      << written[0];
}

TEST_F(LogFile, RedirectGoesOnAtAnotherPlace) {
  logs log(logs::level::info, path_);
  auto& target = log.target("t");
  target.info("first");
  EXPECT_TRUE(log.flush());
  const auto other = folder_ / "other.log";
  const auto opened = logs::open(other);
  target.info("second");  // it is open, but nobody has said that it is to be used
  EXPECT_TRUE(log.flush());
  log.redirect(opened);
  target.info("third");
  EXPECT_EQ(lines(path_, log).size(), 2U);
  EXPECT_EQ(lines(other).size(), 1U);
  log.reopen();
  target.info("fourth");
  EXPECT_EQ(lines(other, log).size(), 2U) << "it is the file that is opened again";
}

TEST_F(LogFile, AnotherPlaceThatCannotBeOpenedIsSaid) {
  EXPECT_THROW(logs::open(folder_ / "no" / "such" / "folder"), std::system_error);
}

TEST_F(LogFile, SeveralWishesForAnotherOutputAreDealtWithAsOne) {
  logs log(logs::level::info, path_);
  for (int i = 0; i < 50; ++i) {
    log.reopen();
    log.redirect(logs::open(path_));
    log.reopen();
  }
  EXPECT_TRUE(log.flush()) << "it waits for none that is dealt with already";
  log.target("t").info("x");
  EXPECT_EQ(lines(path_, log).size(), 1U);
}

TEST_F(LogFile, TargetIsMadeOnceAndStays) {
  logs log(logs::level::info, path_);
  auto& first = log.target("a");
  for (int i = 0; i < 100; ++i) log.target("t" + std::to_string(i));
  EXPECT_EQ(&first, &log.target("a"));
  EXPECT_NE(&first, &log.target("b"));
}

TEST_F(LogFile, ThreadsLoseNoLineAndMixNone) {
  constexpr int threads = 4;
  constexpr int each = 250;
  {
    logs log(logs::level::info, path_);
    std::vector<std::thread> writers;
    for (int t = 0; t < threads; ++t) {
      writers.emplace_back([&log, t] {
        for (int i = 0; i < each; ++i) {
          log.target("shared").info("{}", std::string(64, static_cast<char>('a' + t)));
          log.target("own" + std::to_string(t)).debug("dropped");
          if (i % 50 == 0) log.reopen();
        }
      });
    }
    for (auto& writer : writers) writer.join();
  }
  const auto written = lines(path_);
  EXPECT_EQ(written.size(), static_cast<std::size_t>(threads * each));
  for (const auto& line : written) {
    const auto text = line.substr(line.rfind(']') + 1);
    EXPECT_EQ(text, std::string(64, text.at(0)));
  }
}

TEST_F(LogFile, TheFilterChangesForEveryTargetOldAndNew) {
  logs log(logs::level::warn, path_);
  auto& old = log.target("old");
  old.info("1");
  EXPECT_EQ(log.filter(), logs::level::warn);
  EXPECT_TRUE(log.set_filter(logs::level::debug));
  EXPECT_EQ(log.filter(), logs::level::debug);
  old.debug("2");
  log.target("new").debug("3");
  EXPECT_TRUE(log.set_filter(logs::level::off));
  old.error("4");
  log.answers().info("5");
  EXPECT_TRUE(log.set_filter(logs::level::error));
  old.warn("6");
  old.error("7");
  const auto written = lines(path_, log);
  std::string texts;
  for (const auto& each : written) texts += each.back();
  EXPECT_EQ(texts, "2357");
}

TEST_F(LogFile, ALogThatWasOffFromTheStartStaysOff) {
  logs log(logs::level::off, path_);
  EXPECT_FALSE(log.set_filter(logs::level::info));
  EXPECT_TRUE(log.set_filter(logs::level::off));
  EXPECT_EQ(log.filter(), logs::level::off);
  log.target("relay").error("lost");
  EXPECT_TRUE(log.is_off());
}

TEST(LogStream, StandardStreamsNeedNoFileAndReopenDoesNothing) {
  for (const auto* stream : {"stdout", "stderr"}) {
    logs log(logs::level::off, stream);
    log.reopen();
    EXPECT_FALSE(fs::exists(stream));
  }
}

TEST(LogStream, StderrGetsTheLines) {
  ::testing::internal::CaptureStderr();
  {
    logs log(logs::level::info, "stderr");
    log.target("t").info("hello");
  }
  const auto text = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(text.ends_with("[t][INFO]hello\n")) << text;
}

}  // namespace
}  // namespace relay
