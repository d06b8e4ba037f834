#include <relay/base/utf8.hpp>

#include <gtest/gtest.h>

#include <string>

namespace relay {
namespace {

using namespace std::string_literals;

TEST(Utf8, EveryLengthIsTakenUpToItsEdges) {
  const std::string good[] = {"",
                              "plain",
                              "\0"s,
                              "\xc2\x80",
                              "\xdf\xbf",
                              "\xe0\xa0\x80",
                              "\xed\x9f\xbf",
                              "\xee\x80\x80",
                              "\xef\xbf\xbf",
                              "\xf0\x90\x80\x80",
                              "\xf4\x8f\xbf\xbf",
                              "k\xc3\xb6sti\xc3\xab"};
  for (const auto& each : good) EXPECT_EQ(broken_utf8(each), std::nullopt) << each;
}

TEST(Utf8, TellsWhereItBreaks) {
  const std::string bad[] = {"\x80",              // a continuation without a beginning
                             "\xc3",              // cut off
                             "\xe2\x82",          //
                             "\xf0\x9f\x92",      //
                             "\xc3(",             // no continuation
                             "\xc0\xaf",          // overlong
                             "\xe0\x9f\xbf",      //
                             "\xf0\x8f\xbf\xbf",  //
                             "\xed\xa0\x80",      // a surrogate
                             "\xf4\x90\x80\x80",  // beyond the last character
                             "\xf5\x80\x80\x80",
                             "\xff",
                             "\xfe"};
  for (const auto& each : bad) {
    EXPECT_EQ(broken_utf8(each), 0U);
    EXPECT_EQ(broken_utf8("ab\xc3\xa4" + each + "c"), 4U);
  }
}

}  // namespace
}  // namespace relay
