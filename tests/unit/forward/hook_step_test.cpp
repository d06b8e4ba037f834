#include "support/coro_test.hpp"
#include "support/scripted_hook.hpp"
#include "support/sockets.hpp"

#include <relay/forward/hook_step.hpp>
#include <relay/net/task_group.hpp>

#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>

#include <limits>
#include <optional>
#include <string_view>

// What a connection asks a hook, and what it makes of the answer (spec 10).
namespace relay::forward {
namespace {

using namespace std::chrono_literals;

struct bench {
  explicit bench(const test::scripted_hook& hook) : thread(hook.functions(), log) {
    auto [near, far] = test::tcp_pair();
    peer = std::move(far);
    EXPECT_FALSE(client.attach(std::move(near), net::seen::writable));
  }

  hook_answer ask(std::size_t extra_remotes = 2, std::chrono::milliseconds limit = 5s) {
    std::optional<hook_answer> got;
    test::run_on(on.loop(), [&]() -> task<> {
      got = co_await ask_hook(thread, on, client, extra_remotes, limit);
    });
    return *got;
  }

  spdlog::logger log{"nobody", std::make_shared<spdlog::sinks::null_sink_mt>()};
  net::worker on{0};
  net::watch client{on.poller()};
  unique_fd peer;
  hook_thread thread;
};

test::scripted_hook::decision always(std::int32_t index) {
  return [index](std::int32_t, const std::string&) { return index; };
}

std::string_view why(const hook_answer& answer) {
  return answer.rejected != nullptr ? answer.rejected : "";
}

TEST(AskHook, AllowsWithZeroWithoutWaitingForBytes) {
  const test::scripted_hook hook;
  bench b(hook);
  const auto answer = b.ask();
  EXPECT_FALSE(answer.ec);
  EXPECT_EQ(why(answer), "");
  EXPECT_EQ(answer.index, 0U);
}

TEST(AskHook, ShowsExactlyTheBytesThatTheHookWantsAndLeavesThem) {
  const test::scripted_hook hook(
      4, [](std::int32_t, const std::string& packet) { return packet == "abcd" ? 1 : -1; });
  bench b(hook);
  test::send_all(b.peer.get(), "abcdefgh");
  EXPECT_EQ(b.ask().index, 1U);
  EXPECT_EQ(test::read_exactly(b.client.fd(), 8), "abcdefgh");
  EXPECT_EQ(hook.lengths(), 1);
  EXPECT_EQ(hook.decisions(), 1);
}

TEST(AskHook, TellsTheNumberOfExtraRemotes) {
  std::vector<std::int32_t> told;
  const test::scripted_hook hook(0, [&](std::int32_t max_index, const std::string&) {
    told.push_back(max_index);
    return max_index;
  });
  for (const std::size_t extra : {0U, 1U, 7U}) EXPECT_EQ(bench(hook).ask(extra).index, extra);
  EXPECT_EQ(told, (std::vector<std::int32_t>{0, 1, 7}));
}

TEST(AskHook, RejectsBelowZero) {
  for (const std::int32_t index : {-1, -7, std::numeric_limits<std::int32_t>::min()}) {
    const test::scripted_hook hook(0, always(index));
    EXPECT_EQ(why(bench(hook).ask()), "rejected by pre-connect hook");
  }
}

TEST(AskHook, RejectsARemoteThatDoesNotExist) {
  for (const std::int32_t index : {3, std::numeric_limits<std::int32_t>::max()}) {
    const test::scripted_hook hook(0, always(index));
    EXPECT_EQ(why(bench(hook).ask(2)), "the pre-connect hook chose a remote that does not exist");
  }
}

TEST(AskHook, RejectsWhatCannotBeWaitedFor) {
  for (const std::uint32_t length : {32769U, std::numeric_limits<std::uint32_t>::max()}) {
    const test::scripted_hook hook(length);
    EXPECT_EQ(why(bench(hook).ask()), "the pre-connect hook wants more than 32768 bytes");
    EXPECT_EQ(hook.decisions(), 0);
  }
}

TEST(AskHook, WaitsForAsMuchAsItMay) {
  const auto all = test::pattern(most_first_bytes);
  const test::scripted_hook hook(
      static_cast<std::uint32_t>(most_first_bytes),
      [&](std::int32_t, const std::string& packet) { return packet == all ? 0 : -1; });
  bench b(hook);
  test::send_all(b.peer.get(), all);
  EXPECT_EQ(why(b.ask()), "");
}

TEST(AskHook, ClientsThatSendTooLittleAreNotDecidedOn) {
  const test::scripted_hook hook(4);
  bench ended(hook);
  test::send_all(ended.peer.get(), "abc");
  test::shut_write(ended.peer.get());
  EXPECT_EQ(ended.ask().ec, errc::truncated);
  bench silent(hook);
  EXPECT_EQ(silent.ask(0, 200ms).ec, errc::timed_out);
  bench gone(hook);
  test::reset(std::move(gone.peer));
  EXPECT_EQ(gone.ask().ec.value(), ECONNRESET);
  EXPECT_EQ(hook.decisions(), 0);
}

TEST(AskHook, LeavesTheWorkerFreeWhileTheHookThinks) {
  test::scripted_hook hook;
  hook.hold();
  bench b(hook);
  int turns = 0;
  std::function<void()> others = [&] {  // another connection of this worker
    if (++turns == 100) return hook.release();
    b.on.post(others);
  };
  b.on.post(others);
  EXPECT_FALSE(b.ask().ec);
  EXPECT_EQ(turns, 100);
}

TEST(AskHook, AClientThatResetsMeanwhileIsGivenUp) {
  test::scripted_hook hook;
  hook.hold();
  bench b(hook);
  b.on.post([&] { test::reset(std::move(b.peer)); });
  EXPECT_EQ(b.ask().ec.value(), ECONNRESET);
  hook.release();
  EXPECT_TRUE(b.thread.stop());
}

TEST(AskHook, AClientThatSendsOrEndsMeanwhileIsNot) {
  test::scripted_hook hook;
  hook.hold();
  bench b(hook);
  b.on.post([&] {
    test::send_all(b.peer.get(), "all I have to say");
    test::shut_write(b.peer.get());
    b.on.post([&] { hook.release(); });
  });
  EXPECT_FALSE(b.ask().ec);
}

TEST(AskHook, CanBeCancelledAndTheAnswerComesLate) {
  test::scripted_hook hook;
  hook.hold();
  {
    bench b(hook);
    net::task_group tasks(b.on.loop().get_executor(), b.log);
    error_code ended = asio::error::operation_aborted;  // or it unwinds without a word
    tasks.spawn([](bench& of, error_code& into) -> task<> {
      auto answer = co_await ask_hook(of.thread, of.on, of.client, 0, 5s);
      into = answer.ec;
    }(b, ended));
    std::function<void()> once_asked = [&] {
      if (hook.decisions() == 0) return b.on.post(once_asked);
      tasks.cancel();
    };
    b.on.post(once_asked);
    tasks.when_empty([&] { b.on.loop().stop(); });
    b.on.loop().run_for(test::patience);
    EXPECT_EQ(ended, asio::error::operation_aborted);
    hook.release();  // the answer finds nobody
    b.on.loop().restart();
    b.on.loop().poll();
  }
  EXPECT_EQ(hook.decisions(), 1);
}

}  // namespace
}  // namespace relay::forward
