#include "unit/config/loading.hpp"

namespace relay::config {
namespace {

using test::brief;
using test::load;
using test::problems_of;

std::string hop(const std::string& listen, const std::string& remote,
                const std::string& more = {}) {
  return "[[endpoints]]\nlisten = \"" + listen + "\"\nremote = \"" + remote + "\"\n" + more + "\n";
}

const std::string udp_only = "network = { no_tcp = true, use_udp = true }";

void expect_ring(const std::string& text) {
  const auto told = brief(problems_of(text));
  EXPECT_NE(told.find("leads back here by way of other endpoints"), std::string::npos)
      << text << told;
}

TEST(Loops, TwoEndpointsThatPointAtEachOtherAreRefused) {
  const auto told =
      brief(problems_of(hop("127.0.0.1:1", "127.0.0.1:2") + hop("127.0.0.1:2", "127.0.0.1:1")));
  EXPECT_EQ(told,
            "t:3:10: error: `remote`: 127.0.0.1:2 leads back here by way of other endpoints, each "
            "connection would come back for ever\n");
}

TEST(Loops, ARingOfThreeIsFoundFromOutsideToo) {
  expect_ring(hop(":9", "127.0.0.1:1") + hop("127.0.0.1:1", "127.0.0.1:2") +
              hop("0.0.0.0:2", "localhost:3") + hop("[::]:3", "127.0.0.1:1"));
}

TEST(Loops, AChainIsNone) {
  EXPECT_NO_THROW(load(hop("127.0.0.1:1", "127.0.0.1:2") + hop("127.0.0.1:2", "127.0.0.1:3") +
                       hop("127.0.0.1:3", "10.0.0.1:1")));
}

TEST(Loops, TwoChainsThatMeetAreNone) {
  EXPECT_NO_THROW(load(hop("127.0.0.1:1", "127.0.0.1:3") + hop("127.0.0.1:2", "127.0.0.1:3") +
                       hop("127.0.0.1:3", "10.0.0.1:1")));
}

TEST(Loops, TheOtherAddressOfThatPortIsNotOurs) {
  EXPECT_NO_THROW(load(hop("127.0.0.1:1", "127.0.0.2:2") + hop("127.0.0.1:2", "127.0.0.1:1")));
}

TEST(Loops, EachProtocolIsARingOfItsOwn) {
  const auto there = hop("127.0.0.1:1", "127.0.0.1:2", udp_only);
  expect_ring(there + hop("127.0.0.1:2", "127.0.0.1:1", udp_only));
  EXPECT_NO_THROW(load(there + hop("127.0.0.1:2", "127.0.0.1:1")));
}

TEST(Loops, WhereThereIsAChoiceThereIsAWayOut) {
  EXPECT_NO_THROW(load(hop("127.0.0.1:1", "10.0.0.1:5", "extra_remotes = [\"127.0.0.1:2\"]") +
                       hop("127.0.0.1:2", "10.0.0.2:5", "extra_remotes = [\"127.0.0.1:1\"]")));
}

// What fails one transport fails the next.
TEST(Loops, VisitorsMustNotComeBackEither) {
  const auto ws = [](const std::string& site) {
    return "listen_transport = \"ws;host=a;path=/x\"\nnetwork = { camouflage = \"" + site + "\" }";
  };
  EXPECT_EQ(brief(problems_of(hop("127.0.0.1:1", "b:2", ws("localhost:1")))),
            "t:5:26: error: `camouflage`: localhost:1 is this endpoint's own listener, each "
            "connection would come back for ever\n");
  EXPECT_EQ(brief(problems_of(hop("127.0.0.1:1", "b:2", ws("127.0.0.1:2")) +
                              hop("127.0.0.1:2", "127.0.0.1:1"))),
            "t:5:26: error: `camouflage`: 127.0.0.1:2 leads back here by way of other endpoints, "
            "each connection would come back for ever\n");
  expect_ring(hop("127.0.0.1:1", "b:2", ws("127.0.0.1:2")) +
              hop("127.0.0.1:2", "b:2", ws("127.0.0.1:1")));
  EXPECT_NO_THROW(load(hop("127.0.0.1:1", "127.0.0.1:2", ws("127.0.0.1:80")) +
                       hop("127.0.0.1:2", "b:3", ws("127.0.0.1:80"))));
  EXPECT_NO_THROW(load(hop("127.0.0.1:1", "b:2", "network = { camouflage = \"127.0.0.1:1\" }")))
      << "it has no effect there";
}

TEST(Loops, ManyEndpointsAreLookedThroughQuickly) {
  std::string text;
  for (int i = 0; i < 3000; ++i) {
    text += hop("127.0.0.1:" + std::to_string(10000 + i), "127.0.0.1:" + std::to_string(10001 + i));
  }
  EXPECT_NO_THROW(load(text));
  expect_ring(text + hop("127.0.0.1:13000", "127.0.0.1:10000"));
}

TEST(Loops, TheOwnListenerIsToldAsSuch) {
  const auto told = brief(problems_of(hop("127.0.0.1:1", "127.0.0.1:1")));
  EXPECT_NE(told.find("is this endpoint's own listener"), std::string::npos) << told;
  EXPECT_EQ(told.find("other endpoints"), std::string::npos) << told;
}

}  // namespace
}  // namespace relay::config
