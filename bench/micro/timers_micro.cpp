#include <relay/net/timer_wheel.hpp>

#include <benchmark/benchmark.h>

#include <deque>

namespace relay::net {
namespace {

using std::chrono::seconds;

struct limit final : timer {
  void expired() override { wheel->arm(*this, seconds(10)); }
  timer_wheel* wheel = nullptr;
};

/// A worker with so many sessions, whose limits are spread over ten seconds.
struct busy_wheel {
  explicit busy_wheel(std::int64_t sessions) : limits(static_cast<std::size_t>(sessions)) {
    std::size_t nth = 0;
    for (auto& one : limits) {
      one.wheel = &wheel;
      wheel.arm(one, timer_wheel::tick * (1 + nth++ % 100));
    }
  }
  timer_wheel wheel{[] { return 0U; }};
  std::deque<limit> limits;
};

void rearm(benchmark::State& state) {
  busy_wheel with(state.range(0));
  std::size_t nth = 0;
  for (auto _ : state) {
    with.wheel.arm(with.limits[nth], seconds(10));
    nth = (nth + 1) % with.limits.size();
  }
}
BENCHMARK(rearm)->Name("timers/arm again")->Arg(64)->Arg(10000);

void arm_and_disarm(benchmark::State& state) {
  busy_wheel with(64);
  limit one;
  for (auto _ : state) {
    with.wheel.arm(one, seconds(10));
    one.disarm();
  }
}
BENCHMARK(arm_and_disarm)->Name("timers/arm and disarm");

// One tick, in which a hundredth of the sessions is due.
void advance(benchmark::State& state) {
  busy_wheel with(state.range(0));
  std::uint32_t now = 0;
  for (auto _ : state) benchmark::DoNotOptimize(with.wheel.advance(++now));
}
BENCHMARK(advance)->Name("timers/advance")->Arg(64)->Arg(10000);

}  // namespace
}  // namespace relay::net
