#include "app/start_messages.hpp"

#include "support/scratch_directory.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>

namespace relay::app {
namespace {

struct bench {
  explicit bench(logs::level level = logs::level::warn) : log(level, folder.path() + "/log") {}

  std::string written() const {
    EXPECT_TRUE(log.flush());
    std::ifstream file(folder.path() + "/log");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  test::scratch_directory folder;
  logs log;
  std::ostringstream err;
  start_messages say{log, err};
};

config::problem some() {
  const auto text = std::make_shared<const config::source>(
      config::source{"relay.toml", "lisen = \"127.0.0.1:1\"\n"});
  return {config::problem::level::warning, {text, 0}, "unknown key `lisen`", "did you mean it?"};
}

TEST(StartMessages, StandOnTheStandardErrorAndInTheLog) {
  bench b;
  b.say.error("cannot listen");
  b.say.warning("the certificate ends soon");
  EXPECT_EQ(b.err.str(), "error: cannot listen\nwarning: the certificate ends soon\n");
  EXPECT_NE(b.written().find("[relay][ERROR]cannot listen\n"), std::string::npos) << b.written();
  EXPECT_NE(b.written().find("[relay][WARN]the certificate ends soon\n"), std::string::npos);
}

TEST(StartMessages, ALogThatIsOffKeepsNothingFromTheOperator) {
  bench b(logs::level::off);
  b.say.error("cannot listen");
  EXPECT_EQ(b.err.str(), "error: cannot listen\n");
  EXPECT_EQ(b.written(), "");
}

TEST(StartMessages, AProblemHasItsExcerptOnTheStandardErrorAndItsPlaceInTheLog) {
  bench b;
  b.say.problem(some());
  EXPECT_NE(b.err.str().find("lisen = \"127.0.0.1:1\""), std::string::npos) << b.err.str();
  EXPECT_NE(b.err.str().find("did you mean it?"), std::string::npos) << b.err.str();
  EXPECT_NE(b.written().find("[relay][WARN]relay.toml:1:1: unknown key `lisen`\n"),
            std::string::npos)
      << b.written();
}

TEST(StartMessages, WhatTheStandardErrorHasAlreadyGoesToTheLogAlone) {
  bench b;
  b.say.log_only(some());
  EXPECT_EQ(b.err.str(), "");
  EXPECT_NE(b.written().find("unknown key `lisen`"), std::string::npos);
}

}  // namespace
}  // namespace relay::app
