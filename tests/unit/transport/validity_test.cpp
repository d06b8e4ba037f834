// What is said of a certificate's dates, and how often.
#include "transport/validity.hpp"

#include "support/certificates.hpp"

#include <gtest/gtest.h>

namespace relay::transport {
namespace {

using namespace std::chrono_literals;
using time_point = validity::time_point;

constexpr auto day = 24h;
const time_point now{20000 * day};  // 2024-10-04
validity until(std::chrono::seconds left) { return {now - day, now + left}; }

TEST(Validity, IsNoTroubleForTwoWeeks) {
  EXPECT_EQ(trouble(until(14 * day), now), "");
  EXPECT_EQ(trouble(until(14 * day - 1s), now), "expires in 13 days, on 2024-10-17");
  EXPECT_EQ(trouble(until(25h), now), "expires in 1 day, on 2024-10-05");
  EXPECT_EQ(trouble(until(2h), now), "expires in 2 hours, on 2024-10-04");
  EXPECT_EQ(trouble(until(59min), now), "expires in less than an hour, on 2024-10-04");
  EXPECT_EQ(trouble(until(0s), now), "expired on 2024-10-04");
  EXPECT_EQ(trouble(until(-1h), now), "expired on 2024-10-03");
  EXPECT_EQ(trouble({now + 1s, now + 100 * day}, now), "is not valid before 2024-10-04");
  EXPECT_EQ(trouble({now, time_point::max()}, now), "");
}

TEST(Validity, IsReadFromCertificates) {
  const auto made = test::issue({.valid_from_days = -3, .valid_to_days = 5});
  const auto read = validity_of(made.x509.get());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->until - read->from, 8 * day);
  EXPECT_FALSE(validity_of(nullptr));
}

TEST(Validity, IsToldOncePerDay) {
  expiry_reminder b;
  const auto near = until(3 * day);
  ASSERT_TRUE(b.is_due(now));
  EXPECT_NE(b.look(near, now), "");
  EXPECT_FALSE(b.is_due(now + day - 1s));
  EXPECT_TRUE(b.is_due(now + day));
  EXPECT_EQ(b.look(near, now + day), "expires in 2 days, on 2024-10-07");
  b.reset();  // another certificate
  EXPECT_TRUE(b.is_due(now + day));
  EXPECT_EQ(b.look(until(90 * day), now + day), "");
  EXPECT_FALSE(b.is_due(now + day + 59min)) << "what is well costs a look in an hour";
  EXPECT_TRUE(b.is_due(now + day + 1h));
  EXPECT_EQ(b.look(std::nullopt, now + day + 1h), "");
}

}  // namespace
}  // namespace relay::transport
