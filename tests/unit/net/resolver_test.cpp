#include "unit/net/resolver_fixture.hpp"

#include <gtest/gtest.h>

namespace relay::test {
namespace {

using texts = std::vector<std::string>;

TEST_F(ResolverTest, AsksForBothFamiliesAndPutsIpv4First) {
  name_server server(answering("192.0.2.1", "2001:db8::1"));
  ask(server);
  EXPECT_EQ(lookup("both.test"), (texts{"192.0.2.1", "2001:db8::1"}));
  EXPECT_EQ(server.asked(), 2);
}

}  // namespace
}  // namespace relay::test
