#include "app/open_log.hpp"

#include "support/scratch_directory.hpp"

#include <gtest/gtest.h>
#include <spdlog/logger.h>

#include <fstream>
#include <iterator>
#include <regex>

namespace relay::app {
namespace {

config::settings to(const std::string& output) {
  config::settings what;
  what.log.level = config::log_level::info;
  what.log.output = output;
  return what;
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// What a line looks like under that configuration.
std::string line_of(config::settings what, const std::string& path) {
  auto log = open_log(what);
  log.target("t").info("text");
  EXPECT_TRUE(log.flush());
  return text_of(path);
}

std::string refusal_of(const config::log& what) {
  try {
    open_output(what);
  } catch (const config::config_error& e) {
    return e.what();
  }
  return {};
}

TEST(OpenLog, LinesHaveMillisecondsButForThoseOfRealm) {
  const test::scratch_directory folder;
  const auto path = folder.path() + "/log";
  auto what = to(path);
  const std::regex precise(R"(\[\d{4}-\d\d-\d\d\]\[\d\d:\d\d:\d\d\.\d{3}\]\[t\]\[INFO\]text\n)");
  EXPECT_TRUE(std::regex_match(line_of(what, path), precise)) << text_of(path);
  folder.file("log", "");
  what.rules = config::dialect::realm;
  const std::regex realm(R"(\[\d{4}-\d\d-\d\d\]\[\d\d:\d\d:\d\d\]\[t\]\[INFO\]text\n)");
  EXPECT_TRUE(std::regex_match(line_of(what, path), realm)) << text_of(path);
  folder.file("log", "");
  what.log.time = config::log_time::utc;
  const std::regex utc(R"(\[\d{4}-\d\d-\d\d\]\[\d\d:\d\d:\d\d\.\d{3}Z\]\[t\]\[INFO\]text\n)");
  EXPECT_TRUE(std::regex_match(line_of(what, path), utc)) << "a key of ours is obeyed there, too";
}

TEST(OpenLog, AFileThatCannotBeWrittenIsAMistakeOfTheConfiguration) {
  const test::scratch_directory folder;
  const auto missing = to(folder.path() + "/no/such/log");
  EXPECT_THROW(open_log(missing), config::config_error);
  const auto told = refusal_of(missing.log);
  EXPECT_NE(told.find("cannot write " + missing.log.output), std::string::npos) << told;
  EXPECT_NE(told.find("make the folder " + folder.path() + "/no/such"), std::string::npos) << told;
}

TEST(OpenLog, AFolderIsNoFile) {
  const test::scratch_directory folder;
  const auto told = refusal_of(to(folder.path()).log);
  EXPECT_NE(told.find("is a directory"), std::string::npos) << told;
  EXPECT_EQ(told.find("make the folder"), std::string::npos) << told;
}

// For a reload: whether it can be had is known before anything changes.
TEST(OpenLog, AnOutputIsOpenedWithoutBeingUsed) {
  const test::scratch_directory folder;
  const auto first = folder.path() + "/first";
  const auto second = folder.path() + "/second";
  auto log = open_log(to(first));
  const auto next = open_output(to(second).log);
  log.target("t").info("old");
  EXPECT_TRUE(log.flush());
  EXPECT_EQ(text_of(second), "");
  log.redirect(next);
  log.target("t").info("new");
  EXPECT_TRUE(log.flush());
  EXPECT_NE(text_of(first).find("old"), std::string::npos);
  EXPECT_EQ(text_of(first).find("new"), std::string::npos);
  EXPECT_NE(text_of(second).find("new"), std::string::npos);
}

TEST(LogProblem, OfWhatCanBeWrittenThereIsNone) {
  const test::scratch_directory folder;
  EXPECT_FALSE(log_problem(to("stdout").log));
  EXPECT_FALSE(log_problem(to("stderr").log));
  EXPECT_FALSE(log_problem(to(folder.file("there", "")).log));
  EXPECT_FALSE(log_problem(to(folder.path() + "/not-yet").log)) << "it would be made";
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/not-yet")) << "but is not, by asking";
}

TEST(LogProblem, OfWhatCannotItIsAWarning) {
  const test::scratch_directory folder;
  const auto told = log_problem(to(folder.path() + "/no/log").log);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->severity, config::problem::level::warning);
}

}  // namespace
}  // namespace relay::app
