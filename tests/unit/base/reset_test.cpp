#include <relay/base/reset.hpp>

#include <gtest/gtest.h>

namespace relay {
namespace {

error_code system_error(int number) { return {number, boost::system::system_category()}; }

TEST(Reset, IsWhatEachKindOfSocketSaysOfIt) {
  for (const int number : {ECONNRESET, EPIPE, ENOTCONN})
    EXPECT_TRUE(is_reset(system_error(number)));
}

TEST(Reset, IsNoOtherError) {
  for (const int number : {ETIMEDOUT, EHOSTUNREACH, ECONNREFUSED, ECONNABORTED})
    EXPECT_FALSE(is_reset(system_error(number))) << number;
  EXPECT_FALSE(is_reset({}));
  EXPECT_FALSE(is_reset(errc::truncated));
  // Numbers of other categories mean other things.
  EXPECT_FALSE(is_reset({ECONNRESET, make_error_code(errc::truncated).category()}));
}

}  // namespace
}  // namespace relay
