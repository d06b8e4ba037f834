#include <relay/balance/selector.hpp>

#include <benchmark/benchmark.h>

namespace relay::balance {
namespace {

std::vector<std::string> remotes(std::int64_t count) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < count; ++i) names.push_back("10.0.0." + std::to_string(i) + ":443");
  return names;
}

void pick(benchmark::State& state, const char* strategy) {
  const auto names = remotes(state.range(0));
  std::string balance = strategy;
  for (std::size_t i = 0; i < names.size(); ++i) balance += i == 0 ? " 1" : ", 1";
  selector among(balance::read_balance(balance), names);
  const health::time_point now{};
  std::array<std::uint8_t, 4> client{192, 0, 2, 0};
  const tried_set tried;
  for (auto _ : state) {
    ++client[3];
    benchmark::DoNotOptimize(among.pick(ip_address::v4(client), now, tried));
  }
}

void round_robin_of(benchmark::State& state) { pick(state, "roundrobin:"); }
void ip_hash_of(benchmark::State& state) { pick(state, "iphash:"); }
void in_order_of(benchmark::State& state) { pick(state, "off:"); }
BENCHMARK(round_robin_of)->Name("balance/roundrobin of")->Arg(2)->Arg(16);
BENCHMARK(ip_hash_of)->Name("balance/iphash of")->Arg(2)->Arg(16);
BENCHMARK(in_order_of)->Name("balance/in order of")->Arg(2)->Arg(16);

}  // namespace
}  // namespace relay::balance
