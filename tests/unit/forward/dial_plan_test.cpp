#include <relay/forward/dial_plan.hpp>

#include <boost/asio/error.hpp>
#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <string>

namespace relay::forward {
namespace {

using action = dial_plan::action;

ip_address ip(const std::string& text) { return *ip_address::parse(text); }

std::vector<ip_address> ips(const std::vector<std::string>& texts) {
  std::vector<ip_address> made;
  for (const auto& each : texts) made.push_back(ip(each));
  return made;
}

step_outcome failed(int code = ECONNREFUSED) {
  step_outcome made;
  made.ec = {code, boost::system::system_category()};
  return made;
}

step_outcome reached(const ip_address& at) {
  step_outcome made;
  made.at.address = at;
  return made;
}

/// A world that answers a plan: what look-ups give, and which addresses answer.
struct world {
  std::vector<std::string> first;
  std::vector<std::string> anew;
  std::string answers{};
  bool has_time = true;

  /// What the plan did, as words: `? 1.1.1.1 2.2.2.2 ?! 3.3.3.3`; `~` is a refresh.
  std::string play(dial_plan& plan) const {
    std::string told;
    const auto add = [&](const std::string& word) { told += (told.empty() ? "" : " ") + word; };
    for (int steps = 0; steps < 50; ++steps) {
      const auto next = plan.next(has_time);
      switch (next.what) {
        case action::look_up:
          add("?");
          plan.found(ips(first));
          break;
        case action::look_up_anew:
          add("?!");
          plan.found(ips(anew));
          break;
        case action::connect:
          add(next.to.to_string());
          plan.ended(next.to.to_string() == answers ? reached(next.to) : failed());
          break;
        case action::refresh:
          add("~");
          return told;
        case action::stop:
          return told;
      }
    }
    return told + " for ever";
  }
};

TEST(DialPlan, TriesAddressesInTheirOrderUntilOneAnswers) {
  const world here{{"1.1.1.1", "2.2.2.2", "3.3.3.3"}, {}, "2.2.2.2"};
  dial_plan plan(std::nullopt);
  EXPECT_EQ(here.play(plan), "? 1.1.1.1 2.2.2.2");
  EXPECT_FALSE(plan.outcome().ec);
  EXPECT_EQ(plan.outcome().at.address, ip("2.2.2.2"));
}

TEST(DialPlan, AsksAnewWhenAllHaveFailedAndTriesOnlyWhatIsNew) {
  const std::map<std::string, world> cases{
      {"? 1.1.1.1 ?! 2.2.2.2", {{"1.1.1.1"}, {"1.1.1.1", "2.2.2.2"}, "2.2.2.2"}},
      {"? 1.1.1.1 ?!", {{"1.1.1.1"}, {"1.1.1.1"}}},
      {"? 1.1.1.1 2.2.2.2 ?! 3.3.3.3 4.4.4.4",
       {{"1.1.1.1", "2.2.2.2"}, {"3.3.3.3", "2.2.2.2", "4.4.4.4", "3.3.3.3"}}},
      {"? 1.1.1.1 ~", {{"1.1.1.1", "1.1.1.1"}, {"2.2.2.2"}, "2.2.2.2", false}},
  };
  for (const auto& [told, here] : cases) {
    dial_plan plan(std::nullopt);
    EXPECT_EQ(here.play(plan), told);
    EXPECT_EQ(bool(plan.outcome().ec), !told.ends_with(here.answers) || here.answers.empty());
  }
}

TEST(DialPlan, TakesOnlyTheFamilyOfTheAddressThatItConnectsFrom) {
  const world here{{"1.1.1.1", "::2", "3.3.3.3"}, {"::4", "5.5.5.5"}};
  dial_plan v4(ip("127.0.0.1"));
  EXPECT_EQ(here.play(v4), "? 1.1.1.1 3.3.3.3 ?! 5.5.5.5");
  dial_plan v6(ip("::1"));
  EXPECT_EQ(here.play(v6), "? ::2 ?! ::4");
}

TEST(DialPlan, NamesNothingOfTheRightFamilyAndDoesNotAskAgainForThat) {
  dial_plan plan(ip("::1"));
  EXPECT_EQ((world{{"1.1.1.1"}, {"::1"}}.play(plan)), "?");
  EXPECT_EQ(plan.outcome().ec, errc::no_usable_family);
  EXPECT_EQ(plan.outcome().why, forward::end_reason::connect_failed);
}

TEST(DialPlan, ANameWithoutAnswerIsWhatHasFailed) {
  dial_plan plan(std::nullopt);
  ASSERT_EQ(plan.next(true).what, action::look_up);
  plan.not_found(errc::no_such_name);
  EXPECT_EQ(plan.next(true).what, action::stop);
  EXPECT_EQ(plan.outcome().why, forward::end_reason::resolve_failed);
  EXPECT_STREQ(plan.outcome().phase, "resolving");
  EXPECT_EQ(plan.outcome().ec, errc::no_such_name);
  EXPECT_FALSE(plan.outcome().cut_short);

  dial_plan slow(std::nullopt);
  slow.next(true);
  slow.not_found(errc::timed_out);
  EXPECT_TRUE(slow.outcome().cut_short) << "the remote has had no chance";
}

TEST(DialPlan, WhatTheSecondQuestionMissesLeavesTheFirstFailure) {
  for (const bool cancelled : {false, true}) {
    dial_plan plan(std::nullopt, ip("1.1.1.1"), failed(EHOSTUNREACH));
    ASSERT_EQ(plan.next(true).what, action::look_up_anew);
    plan.not_found(cancelled ? error_code(boost::asio::error::operation_aborted)
                             : error_code(errc::no_such_name));
    EXPECT_EQ(plan.next(true).what, action::stop);
    EXPECT_EQ(plan.outcome().is_cancelled(), cancelled);
    EXPECT_EQ(plan.outcome().ec.value(), cancelled ? ECANCELED : EHOSTUNREACH);
  }
}

TEST(DialPlan, GoesOnAfterAnAddressThatHasFailedAlready) {
  dial_plan plan(std::nullopt, ip("1.1.1.1"), failed());
  EXPECT_EQ((world{{}, {"1.1.1.1", "2.2.2.2"}, "2.2.2.2"}.play(plan)), "?! 2.2.2.2");
  EXPECT_FALSE(plan.outcome().ec);
}

TEST(DialPlan, WhatNoOtherAddressCouldMendEndsIt) {
  auto quiet = failed();
  quiet.is_quiet = true;  // the client has left
  for (const auto& how : {quiet, failed(ECANCELED)}) {
    dial_plan plan(std::nullopt);
    plan.next(true);
    plan.found(ips({"1.1.1.1", "2.2.2.2"}));
    ASSERT_EQ(plan.next(true).what, action::connect);
    plan.ended(how);
    EXPECT_EQ(plan.next(true).what, action::stop);
    EXPECT_EQ(plan.outcome().ec, how.ec);
  }
}

TEST(DialPlan, OutOfTimeTheNextAddressIsNotTriedButTheNameIsAskedForOthers) {
  dial_plan plan(std::nullopt);
  plan.next(true);
  plan.found(ips({"1.1.1.1", "2.2.2.2"}));
  plan.next(true);
  auto how = failed();
  how.ec = errc::timed_out;
  how.cut_short = true;
  plan.ended(how);
  EXPECT_EQ(plan.next(true).what, action::refresh);
  EXPECT_TRUE(plan.outcome().cut_short);
  EXPECT_EQ(plan.next(true).what, action::stop);
}

}  // namespace
}  // namespace relay::forward
