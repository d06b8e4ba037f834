#include <relay/resume/store.hpp>

#include <gtest/gtest.h>

namespace relay::resume {
namespace {

using wire::resume_refusal;

wire::resume_id id(int of) {
  wire::resume_id made{};
  made[0] = static_cast<std::byte>(of & 0xff);
  made[1] = static_cast<std::byte>(of >> 8);
  return made;
}

TEST(ResumeStore, ASessionIsFoundByItsOwnEndpointOnly) {
  store all(7);
  const int endpoint = 0;
  const int other = 0;
  EXPECT_TRUE(all.add(id(1), &endpoint, 3));
  EXPECT_FALSE(all.add(id(1), &other, 0)) << "an id is taken once";
  EXPECT_EQ(all.find(id(1), &endpoint).worker, 3U);
  EXPECT_FALSE(all.find(id(1), &other).worker);
  EXPECT_EQ(all.find(id(1), &other).otherwise, resume_refusal::gone);
  EXPECT_EQ(all.find(id(2), &endpoint).otherwise, resume_refusal::gone);
}

TEST(ResumeStore, HowASessionEndedIsRemembered) {
  store all(7);
  const int endpoint = 0;
  all.add(id(1), &endpoint, 0);
  all.add(id(2), &endpoint, 0);
  all.remove(id(1), true);
  all.remove(id(2), false);
  all.remove(id(3), true);
  EXPECT_EQ(all.find(id(1), &endpoint).otherwise, resume_refusal::finished);
  EXPECT_EQ(all.find(id(2), &endpoint).otherwise, resume_refusal::broken);
  EXPECT_EQ(all.find(id(3), &endpoint).otherwise, resume_refusal::gone);
  EXPECT_EQ(all.size(), 0U);
}

TEST(ResumeStore, ItIsBounded) {
  store all(7, 2);
  const int endpoint = 0;
  EXPECT_TRUE(all.add(id(1), &endpoint, 0));
  EXPECT_TRUE(all.add(id(2), &endpoint, 0));
  EXPECT_FALSE(all.add(id(3), &endpoint, 0));
  all.remove(id(1), true);
  EXPECT_TRUE(all.add(id(3), &endpoint, 0));
  all.remove(id(3), true);
  for (int i = 100; i < 10'000; ++i) {
    EXPECT_TRUE(all.add(id(i), &endpoint, 0));
    all.remove(id(i), true);
  }
  EXPECT_EQ(all.find(id(1), &endpoint).otherwise, resume_refusal::gone) << "long ago";
}

}  // namespace
}  // namespace relay::resume
