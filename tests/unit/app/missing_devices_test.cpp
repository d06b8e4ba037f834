#include "app/missing_devices.hpp"

#include <gtest/gtest.h>

namespace relay::app {
namespace {

std::vector<config::problem> missing(const std::string& endpoint) {
  return missing_devices(
      config::load_text("relay.toml", "[[endpoints]]\nlisten = \"127.0.0.1:5000\"\n" + endpoint, {})
          .value);
}

TEST(MissingDevices, ThoseThatAreThereAreNotTold) {
  EXPECT_TRUE(
      missing("remote = \"10.0.0.1:80\"\ninterface = \"lo\"\nlisten_interface = \"lo\"\n").empty());
  EXPECT_TRUE(missing("remote = \"[fe80::1%lo]:80\"\n").empty());
  EXPECT_TRUE(missing("remote = \"[fe80::1%1]:80\"\n").empty()) << "a number";
}

TEST(MissingDevices, OneIsAWarningWithItsPlace) {
  const auto told = missing("remote = \"10.0.0.1:80\"\nlisten_interface = \"nodevice0\"\n");
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].severity, config::problem::level::warning);
  EXPECT_EQ(told[0].message, "this machine has no device `nodevice0`");
  EXPECT_TRUE(told[0].where.to_string().starts_with("relay.toml:4:")) << told[0].where.to_string();
}

TEST(MissingDevices, EachIsToldOnceHoweverOftenItIsNamed) {
  const auto told = missing(
      "remote = \"[fe80::1%nodevice0]:80\"\ninterface = \"nodevice0\"\n"
      "extra_remotes = [\"[fe80::2%nodevice0]:80\", \"[fe80::2%nodevice1]:80\"]\n"
      "through = \"fe80::3%nodevice2\"\n");
  ASSERT_EQ(told.size(), 3U);
  EXPECT_NE(told[0].message.find("nodevice0"), std::string::npos);
  EXPECT_NE(told[1].message.find("nodevice1"), std::string::npos);
  EXPECT_NE(told[2].message.find("nodevice2"), std::string::npos);
}

}  // namespace
}  // namespace relay::app
