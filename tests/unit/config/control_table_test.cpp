#include "unit/config/loading.hpp"

#include <relay/config/patch.hpp>

namespace relay::config {
namespace {

using test::load;

TEST(ControlTable, TheCommandLineWinsOverTheFile) {
  overrides forced;
  EXPECT_EQ(load(test::with_endpoint(""), forced).value.control.path, "");
  const auto text = test::with_endpoint("[control]\npath = \"/run/file.sock\"\n");
  EXPECT_EQ(load(text, forced).value.control.path, "/run/file.sock");
  force(forced.control, &control::path, "/run/words.sock");
  EXPECT_EQ(load(text, forced).value.control.path, "/run/words.sock");
}

TEST(ControlTable, UnderTheReferencesNameThereIsNoneUnlessItIsAskedFor) {
  overrides forced;
  forced.rules = dialect::realm;
  EXPECT_EQ(load(test::with_endpoint(""), forced).value.control.path, "off");
  const auto text = test::with_endpoint("[control]\npath = \"/run/file.sock\"\n");
  EXPECT_EQ(load(text, forced).value.control.path, "/run/file.sock");
  force(forced.control, &control::path, "/run/words.sock");
  EXPECT_EQ(load(test::with_endpoint(""), forced).value.control.path, "/run/words.sock");
}

TEST(ControlTable, APathThatTheKernelDoesNotTakeIsToldWithItsPlace) {
  const auto told =
      test::problems_of("endpoints = []\n[control]\npath = \"/" + std::string(107, 'a') + "\"\n");
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].where.to_string(), "t:3:8");
  EXPECT_EQ(told[0].message,
            "`path`: the path of a socket has at most 107 bytes, this one has 108");
}

TEST(ControlTable, IsWrittenWhereItSaysSomething) {
  EXPECT_EQ(to_toml(load(test::with_endpoint("")).value).find("[control]"), std::string::npos);
  const auto made = load(test::with_endpoint("[control]\npath = \"off\"\n")).value;
  EXPECT_NE(to_toml(made).find("\n[control]\npath = \"off\"\n"), std::string::npos);
  EXPECT_NE(to_json(made).find("\"path\": \"off\""), std::string::npos);
}

}  // namespace
}  // namespace relay::config
