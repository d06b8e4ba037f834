#include <relay/forward/flow_table.hpp>

#include <benchmark/benchmark.h>

#include <deque>

namespace relay::forward {
namespace {

using clock = flow_table::clock;

flow_key key_of(std::uint32_t nth) {
  const std::array<std::uint8_t, 4> client{10, static_cast<std::uint8_t>(nth >> 16),
                                           static_cast<std::uint8_t>(nth >> 8),
                                           static_cast<std::uint8_t>(nth)};
  const ip_endpoint from{ip_address::v4(client), static_cast<std::uint16_t>(1024 + nth % 50000)};
  return {socket_address(from), {}, 0};
}

/// What each datagram of a client costs: finding its flow and putting that behind all others.
void find_and_touch(benchmark::State& state) {
  std::deque<flow> flows;
  flow_table table(42);  // owns nothing, so it has to go first
  const auto count = static_cast<std::uint32_t>(state.range(0));
  for (std::uint32_t i = 0; i < count; ++i) table.insert(flows.emplace_back(key_of(i)), {});
  std::uint32_t nth = 0;
  clock::time_point now{};
  for (auto _ : state) {
    now += std::chrono::microseconds(1);
    auto* found = table.find(flows[nth].key);
    table.touch(*found, now);
    nth = (nth + 7919) % count;  // in no order that a cache could guess
  }
}
BENCHMARK(find_and_touch)->Name("flows/find and touch one of")->Arg(64)->Arg(16384);

void come_and_go(benchmark::State& state) {
  flow one(key_of(1));
  flow_table table(42);
  for (auto _ : state) {
    table.insert(one, {});
    table.erase(one);
  }
}
BENCHMARK(come_and_go)->Name("flows/come and go");

}  // namespace
}  // namespace relay::forward
