#include <relay/names/dns_cache.hpp>

#include <gtest/gtest.h>

#include <array>

namespace relay::names {
namespace {

using namespace std::chrono_literals;
using state = dns_cache::state;

const auto one = *ip_address::parse("192.0.2.1");
const auto two = *ip_address::parse("192.0.2.2");

dns_outcome found(std::vector<ip_address> list, std::chrono::seconds ttl) {
  return {std::move(list), {}, ttl};
}
dns_outcome negative(errc why, std::optional<std::chrono::seconds> ttl) {
  return {{}, make_error_code(why), ttl};
}
dns_outcome failure(errc why = errc::lookup_failed) { return {{}, make_error_code(why), {}}; }

class DnsCache : public ::testing::Test {
 protected:
  DnsCache() { limits_.renew_from = 100h; }  // but where that is the subject

  dns_cache& cache() {
    if (!cache_) cache_.emplace(limits_);
    return *cache_;
  }
  state look(std::string_view name = "a.test") { return cache().find(name, now_).what; }

  dns_cache::limits limits_;
  std::optional<dns_cache> cache_;
  dns_cache::time_point now_{1000h};
};

TEST_F(DnsCache, AnUnknownNameIsMissing) { EXPECT_EQ(look(), state::missing); }

TEST_F(DnsCache, AnAnswerHoldsForItsTtl) {
  const auto stored = cache().store("a.test", found({one, two}, 30s), now_);
  ASSERT_TRUE(stored.answer.has_value());
  EXPECT_EQ(**stored.answer, (std::vector{one, two}));
  now_ += 30s - 1ms;
  const auto known = cache().find("a.test", now_);
  EXPECT_EQ(known.what, state::fresh);
  EXPECT_EQ(*known.answer, stored.answer);
  now_ += 1ms;
  EXPECT_EQ(look(), state::expired);
}

TEST_F(DnsCache, TheTtlIsClamped) {
  limits_.min_ttl = 10s;
  limits_.max_ttl = 100s;
  cache().store("short", found({one}, 0s), now_);
  cache().store("long", found({one}, 86400s), now_);
  now_ += 9s;
  EXPECT_EQ(look("short"), state::fresh);
  now_ += 1s;
  EXPECT_EQ(look("short"), state::expired);
  EXPECT_EQ(look("long"), state::fresh);
  now_ += 90s;
  EXPECT_EQ(look("long"), state::expired);
}

TEST_F(DnsCache, ATtlOfZeroServesThoseWhoWaitOnly) {
  const auto stored = cache().store("a.test", found({one}, 0s), now_);
  EXPECT_TRUE(stored.answer.has_value());
  EXPECT_EQ(look(), state::expired);
}

TEST_F(DnsCache, AnAnswerThatLacksAFamilyIsRenewedSoonButHolds) {
  auto half = found({one}, 3600s);
  half.partial = true;
  cache().store("a.test", half, now_);
  now_ += limits_.renew_partial - 1ms;
  EXPECT_EQ(look(), state::fresh);
  now_ += 1ms;
  EXPECT_EQ(look(), state::renewing);
  const auto stored = cache().store("a.test", failure(), now_);
  EXPECT_TRUE(stored.answer.has_value());
  EXPECT_FALSE(stored.stale_begins) << "it has not expired";
  EXPECT_EQ(look(), state::fresh);
  now_ += limits_.retry_after;
  EXPECT_EQ(look(), state::renewing);
}

TEST_F(DnsCache, InItsLastTenthAnAnswerIsRenewedWhileItServes) {
  limits_.renew_from = 10s;
  cache().store("long", found({one}, 100s), now_);
  cache().store("short", found({one}, 9s), now_);
  now_ += 9s - 1ms;
  EXPECT_EQ(look("short"), state::fresh);
  now_ += 81s;
  EXPECT_EQ(look("long"), state::fresh);
  now_ += 1ms;
  EXPECT_EQ(look("long"), state::renewing);
  now_ += 10s;
  EXPECT_EQ(look("long"), state::expired) << "nobody asked in time";
}

TEST_F(DnsCache, TheSameAddressIsKeptOnceAndNotTooMany) {
  limits_.max_addresses = 3;
  std::vector<ip_address> many{one, one, two};
  for (int i = 0; i < 100; ++i) {
    const std::array<std::uint8_t, 4> raw{198, 51, 100, static_cast<std::uint8_t>(i)};
    many.push_back(ip_address::v4(raw));
  }
  const auto stored = cache().store("a.test", found(many, 30s), now_);
  ASSERT_EQ((*stored.answer)->size(), 3u);
  EXPECT_EQ((**stored.answer)[1], two);
}

TEST_F(DnsCache, NegativeAnswersHoldForTheirOwnTime) {
  limits_.min_ttl = 1000s;  // does not concern them
  limits_.max_negative_ttl = 60s;
  cache().store("gone", negative(errc::no_such_name, 20s), now_);
  cache().store("long", negative(errc::no_address, 7200s), now_);
  const auto known = cache().find("gone", now_ + 19s);
  EXPECT_EQ(known.what, state::fresh);
  EXPECT_EQ(known.answer->error(), errc::no_such_name);
  now_ += 20s;
  EXPECT_EQ(look("gone"), state::missing) << "there is nothing to serve meanwhile";
  EXPECT_EQ(look("long"), state::fresh);
  now_ += 40s;
  EXPECT_EQ(look("long"), state::missing);
}

TEST_F(DnsCache, AFailureIsRememberedForAMoment) {
  const auto stored = cache().store("a.test", failure(errc::timed_out), now_);
  EXPECT_EQ(stored.answer.error(), errc::timed_out);
  EXPECT_FALSE(stored.stale_begins);
  now_ += limits_.failure_for - 1ms;
  EXPECT_EQ(look(), state::fresh);
  now_ += 1ms;
  EXPECT_EQ(look(), state::missing);
}

TEST_F(DnsCache, ANegativeAnswerWithoutSoaIsRememberedForThatMomentToo) {
  cache().store("a.test", negative(errc::no_such_name, std::nullopt), now_);
  EXPECT_EQ(look(), state::fresh);
  now_ += limits_.failure_for;
  EXPECT_EQ(look(), state::missing);
}

TEST_F(DnsCache, WhenTheRenewalFailsTheExpiredAnswerServes) {
  cache().store("a.test", found({one}, 30s), now_);
  now_ += 30s;
  EXPECT_EQ(look(), state::expired);
  const auto stored = cache().store("a.test", failure(), now_);
  ASSERT_TRUE(stored.answer.has_value());
  EXPECT_EQ((*stored.answer)->front(), one);
  EXPECT_TRUE(stored.stale_begins);
}

TEST_F(DnsCache, AfterAFailedRenewalNobodyIsAskedForAWhile) {
  cache().store("a.test", found({one}, 30s), now_);
  now_ += 30s;
  cache().store("a.test", failure(), now_);
  EXPECT_EQ(look(), state::stale);
  now_ += limits_.retry_after - 1ms;
  EXPECT_EQ(look(), state::stale);
  now_ += 1ms;
  EXPECT_EQ(look(), state::renewing) << "nobody waits again for a server that was silent";
  EXPECT_FALSE(cache().store("a.test", failure(), now_).stale_begins) << "said once";
}

TEST_F(DnsCache, ARenewalThatSucceedsEndsTheEpisode) {
  cache().store("a.test", found({one}, 30s), now_);
  now_ += 30s;
  cache().store("a.test", failure(), now_);
  now_ += limits_.retry_after;
  EXPECT_EQ((*cache().store("a.test", found({two}, 30s), now_).answer)->front(), two);
  EXPECT_EQ(look(), state::fresh);
  now_ += 30s;
  EXPECT_EQ(look(), state::expired);
  EXPECT_TRUE(cache().store("a.test", failure(), now_).stale_begins) << "a new episode";
}

TEST_F(DnsCache, WhileALookupIsSlowOthersDoNotWaitForIt) {
  cache().store("a.test", found({one}, 30s), now_);
  now_ += 31s;
  EXPECT_TRUE(cache().slow("a.test", now_));
  EXPECT_FALSE(cache().slow("a.test", now_)) << "said once";
  EXPECT_EQ(look(), state::stale);
  cache().store("a.test", failure(), now_);
  now_ += limits_.retry_after;
  EXPECT_EQ(look(), state::renewing);
}

TEST_F(DnsCache, AnAbandonedLookupIsNotWaitedFor) {
  cache().store("a.test", found({one}, 30s), now_);
  now_ += 31s;
  cache().slow("a.test", now_);
  cache().abandon("a.test");
  EXPECT_EQ(look(), state::renewing) << "somebody must ask again";
  cache().abandon("unknown");
  EXPECT_FALSE(cache().slow("unknown", now_));
}

TEST_F(DnsCache, ExpiredAnswersServeForALimitedTime) {
  cache().store("a.test", found({one}, 30s), now_);
  now_ += 30s + limits_.stale_for - 1ms;
  EXPECT_EQ(look(), state::expired);
  now_ += 1ms;
  EXPECT_EQ(look(), state::missing);
  EXPECT_FALSE(cache().store("a.test", failure(), now_).answer.has_value());
}

TEST_F(DnsCache, ANameThatIsGoneReplacesTheExpiredAnswer) {
  cache().store("a.test", found({one}, 30s), now_);
  now_ += 30s;
  const auto stored = cache().store("a.test", negative(errc::no_such_name, 10s), now_);
  EXPECT_EQ(stored.answer.error(), errc::no_such_name);
  EXPECT_EQ(look(), state::fresh);
}

TEST_F(DnsCache, TheLeastRecentlyUsedNameGoesFirst) {
  limits_.capacity = 2;
  cache().store("a", found({one}, 30s), now_);
  cache().store("b", found({one}, 30s), now_);
  EXPECT_EQ(look("a"), state::fresh);
  cache().store("c", found({one}, 30s), now_);
  EXPECT_EQ(cache().size(), 2u);
  EXPECT_EQ(look("a"), state::fresh);
  EXPECT_EQ(look("b"), state::missing);
  EXPECT_EQ(look("c"), state::fresh);
}

TEST_F(DnsCache, WithoutRoomNothingIsKept) {
  limits_.capacity = 0;
  EXPECT_TRUE(cache().store("a.test", found({one}, 30s), now_).answer.has_value());
  EXPECT_FALSE(cache().store("b.test", failure(), now_).answer.has_value());
  EXPECT_EQ(look("a.test"), state::missing);
  EXPECT_EQ(cache().size(), 0u);
}

TEST_F(DnsCache, StoringAgainReplaces) {
  cache().store("a.test", found({one}, 30s), now_);
  cache().store("a.test", found({two}, 60s), now_);
  EXPECT_EQ(cache().size(), 1u);
  EXPECT_EQ((**cache().find("a.test", now_ + 59s).answer)->front(), two);
}

// What a caller finds who has tried all addresses in vain.
class DnsCacheAnew : public DnsCache {
 protected:
  dns_cache::verdict look_anew() { return cache().find_anew("a.test", now_); }
};

TEST_F(DnsCacheAnew, AnAnswerIsDoubtedOnceASecond) {
  EXPECT_EQ(look_anew().what, state::missing);
  cache().store("a.test", found({one}, 600s), now_);
  now_ += 999ms;
  EXPECT_EQ(look_anew().what, state::fresh) << "it was found out just now";
  now_ += 1ms;
  const auto doubted = look_anew();
  EXPECT_EQ(doubted.what, state::expired);
  EXPECT_EQ((**doubted.answer)->front(), one) << "it serves when nobody answers";
  EXPECT_EQ(look(), state::fresh) << "for everybody else it holds";
  cache().store("a.test", found({two}, 600s), now_);
  EXPECT_EQ(look_anew().what, state::fresh);
  EXPECT_EQ((**look_anew().answer)->front(), two);
}

TEST_F(DnsCacheAnew, AFailureLeavesTheOldAnswerAndIsNotRepeatedForASecond) {
  cache().store("a.test", found({one}, 600s), now_);
  now_ += 10s;
  const auto kept = cache().store("a.test", failure(), now_);
  EXPECT_EQ((*kept.answer)->front(), one);
  EXPECT_FALSE(kept.stale_begins) << "it has not expired";
  EXPECT_EQ(look_anew().what, state::fresh);
  now_ += 1s;
  EXPECT_EQ(look_anew().what, state::expired);
}

TEST_F(DnsCacheAnew, NobodyElseWaitsForALookupThatIsSlow) {
  cache().store("a.test", found({one}, 600s), now_);
  now_ += 10s;
  EXPECT_FALSE(cache().slow("a.test", now_)) << "no expired answer, so there is nothing to say";
  EXPECT_EQ(look_anew().what, state::fresh);
  cache().store("a.test", found({two}, 600s), now_);
  now_ += 1s;
  EXPECT_EQ(look_anew().what, state::expired);
}

TEST_F(DnsCacheAnew, ANameThatIsGoneIsGone) {
  cache().store("a.test", found({one}, 600s), now_);
  now_ += 10s;
  cache().store("a.test", negative(errc::null_address, 60s), now_);
  EXPECT_EQ(cache().find("a.test", now_).answer->error(), errc::null_address);
  now_ += 7200s;
  EXPECT_EQ(look_anew().what, state::missing);
}

}  // namespace
}  // namespace relay::names
