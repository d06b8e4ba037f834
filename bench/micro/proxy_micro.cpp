#include <relay/wire/proxy.hpp>

#include <benchmark/benchmark.h>

namespace relay::wire {
namespace {

const proxy_addresses v4{*ip_endpoint::parse("192.0.2.17:51234"),
                         *ip_endpoint::parse("198.51.100.4:443")};
const proxy_addresses v6{*ip_endpoint::parse("[2001:db8::17]:51234"),
                         *ip_endpoint::parse("[2001:db8:1::4]:443")};

void write_v1(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(write_proxy_v1(state.range(0) == 6 ? v6 : v4));
}
BENCHMARK(write_v1)->Name("proxy/write version 1, IPv")->Arg(4)->Arg(6);

void write_v2(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(write_proxy_v2(state.range(0) == 6 ? v6 : v4));
}
BENCHMARK(write_v2)->Name("proxy/write version 2, IPv")->Arg(4)->Arg(6);

void read(benchmark::State& state) {
  const auto bytes = state.range(0) == 1 ? write_proxy_v1(v4) : write_proxy_v2(v4);
  for (auto _ : state) benchmark::DoNotOptimize(read_proxy(bytes));
}
BENCHMARK(read)->Name("proxy/read version")->Arg(1)->Arg(2);

}  // namespace
}  // namespace relay::wire
