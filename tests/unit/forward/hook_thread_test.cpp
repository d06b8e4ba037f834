#include "support/scripted_hook.hpp"

#include <relay/forward/hook_thread.hpp>

#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <algorithm>
#include <future>
#include <memory>
#include <sstream>
#include <vector>

namespace relay::forward {
namespace {

using namespace std::chrono_literals;

struct bench {
  explicit bench(const test::scripted_hook& hook) : thread(hook.functions(), log) {}

  std::shared_ptr<hook_question> ask(std::string packet = {},
                                     std::optional<std::uint32_t> needs = {}) {
    auto what = std::make_shared<hook_question>();
    what->max_index = 3;
    what->packet = std::move(packet);
    what->needs = needs;
    thread.ask(what, [this] { ++answers; });
    return what;
  }
  bool has(int count) {
    return test::wait_until([&] { return answers == count; });
  }

  std::ostringstream text;
  spdlog::logger log{"hook", std::make_shared<spdlog::sinks::ostream_sink_mt>(text)};
  std::atomic<int> answers{0};
  hook_thread thread;
};

TEST(HookThread, AsksBothFunctionsAtOnceWhenNoBytesAreNeeded) {
  const test::scripted_hook hook(0, [](std::int32_t max_index, const std::string& packet) {
    return packet.empty() ? max_index : -1;
  });
  bench b(hook);
  const auto asked = b.ask();
  ASSERT_TRUE(b.has(1));
  EXPECT_EQ(asked->needs, 0U);
  EXPECT_EQ(asked->index, 3);
  EXPECT_EQ(hook.lengths(), 1);
}

TEST(HookThread, TellsHowManyBytesAreNeededAndThenDecides) {
  const test::scripted_hook hook(
      5, [](std::int32_t, const std::string& packet) { return packet == "hello" ? 2 : -1; });
  bench b(hook);
  const auto first = b.ask();
  ASSERT_TRUE(b.has(1));
  EXPECT_EQ(first->needs, 5U);
  EXPECT_FALSE(first->index);
  EXPECT_EQ(hook.decisions(), 0);
  const auto second = b.ask("hello", first->needs);
  ASSERT_TRUE(b.has(2));
  EXPECT_EQ(second->index, 2);
  EXPECT_EQ(hook.lengths(), 1) << "once per connection";
}

TEST(HookThread, CallsOneAfterTheOtherInTheOrderOfAsking) {
  std::vector<std::string> order;
  test::scripted_hook hook(1, [&](std::int32_t, const std::string& packet) {
    order.push_back(packet);
    return 0;
  });
  hook.hold();
  bench b(hook);
  for (const auto* each : {"a", "b", "c", "d"}) b.ask(each, 1);
  hook.release();
  ASSERT_TRUE(b.has(4));
  EXPECT_EQ(order, (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(hook.most_at_once(), 1);
}

TEST(HookThread, DoesNotAskForWhoHasGone) {
  test::scripted_hook hook;
  hook.hold();
  bench b(hook);
  b.ask();
  ASSERT_TRUE(test::wait_until([&] { return hook.decisions() == 1; }));
  b.ask()->dropped = true;
  b.ask();
  hook.release();
  ASSERT_TRUE(b.has(2));
  EXPECT_EQ(hook.decisions(), 2);
}

TEST(HookThread, DoesNotKeepWhatTheClientsOfAHangingHookAskedWhoHaveGone) {
  test::scripted_hook hook;
  hook.hold();
  bench b(hook);
  b.ask();
  ASSERT_TRUE(test::wait_until([&] { return hook.decisions() == 1; }));
  std::vector<std::shared_ptr<hook_question>> waiting;
  std::vector<std::weak_ptr<hook_question>> gone;
  for (int i = 0; i < 1000; ++i) {
    if (i % 100 == 0) waiting.push_back(b.ask());
    const auto asked = b.ask();
    asked->dropped = true;
    gone.push_back(asked);
  }
  const auto kept = std::ranges::count_if(gone, [](const auto& each) { return !each.expired(); });
  EXPECT_LE(kept, 100);
  b.thread.tell_if_stuck(hook_thread::clock::now() + 11s);
  EXPECT_NE(b.text.str().find("(10 in its queue)"), std::string::npos) << b.text.str();
  EXPECT_TRUE(std::ranges::all_of(gone, [](const auto& each) { return each.expired(); }));
  hook.release();
  ASSERT_TRUE(b.has(11));
  EXPECT_TRUE(std::ranges::all_of(waiting, [](const auto& each) { return each->index == 0; }));
}

TEST(HookThread, TellsOnceOfACallThatDoesNotReturnAndWhenItDoes) {
  test::scripted_hook hook;
  hook.hold();
  bench b(hook);
  b.ask();
  ASSERT_TRUE(test::wait_until([&] { return hook.decisions() == 1; }));
  b.ask();
  const auto now = hook_thread::clock::now();
  b.thread.tell_if_stuck(now + 5s);
  EXPECT_EQ(b.text.str(), "");
  b.thread.tell_if_stuck(now + 11s);
  b.thread.tell_if_stuck(now + 12s);
  const auto told = b.text.str();
  EXPECT_NE(told.find("the hook has not answered for 11 s: every new client waits for it (1 in its "
                      "queue)"),
            std::string::npos)
      << told;
  EXPECT_EQ(told.find("not answered"), told.rfind("not answered"));
  hook.release();
  ASSERT_TRUE(b.has(2));
  EXPECT_TRUE(b.thread.stop());
  EXPECT_NE(b.text.str().find("the hook has answered after"), std::string::npos);
}

TEST(HookThread, AnIdleHookIsNotStuck) {
  const test::scripted_hook hook;
  bench b(hook);
  b.ask();
  ASSERT_TRUE(b.has(1));
  b.thread.tell_if_stuck(hook_thread::clock::now() + 1h);
  EXPECT_TRUE(b.thread.stop());
  EXPECT_EQ(b.text.str(), "");
}

TEST(HookThread, StopsAtOnceWhenNothingIsUnderWay) {
  const test::scripted_hook hook;
  bench b(hook);
  EXPECT_TRUE(b.thread.stop());
  EXPECT_TRUE(b.thread.stop()) << "again";
  b.ask();
  EXPECT_EQ(b.answers, 0);
  EXPECT_EQ(hook.lengths(), 0);
}

TEST(HookThread, WaitsForTheCallThatIsUnderWayAndAnswersNobodyAfterwards) {
  test::scripted_hook hook;
  hook.hold();
  bench b(hook);
  b.ask();
  b.ask();
  ASSERT_TRUE(test::wait_until([&] { return hook.decisions() == 1; }));
  auto stopped = std::async(std::launch::async, [&] { return b.thread.stop(); });
  hook.release();
  EXPECT_TRUE(stopped.get());
  const int answers = b.answers;  // it may have been faster than stop()
  const int decisions = hook.decisions();
  EXPECT_GE(decisions, 1);
  b.ask();
  EXPECT_EQ(b.answers, answers);
  EXPECT_EQ(hook.decisions(), decisions);
}

TEST(HookThread, LeavesACallBehindThatDoesNotReturn) {
  test::scripted_hook hook;
  hook.hold();
  bench b(hook);
  b.ask();
  ASSERT_TRUE(test::wait_until([&] { return hook.decisions() == 1; }));
  EXPECT_FALSE(b.thread.stop());
  EXPECT_FALSE(b.thread.stop()) << "again";
  hook.release();
  EXPECT_EQ(b.answers, 0);
}

}  // namespace
}  // namespace relay::forward
