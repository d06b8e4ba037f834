#include <relay/base/host_port.hpp>
#include <relay/base/ip.hpp>

#include <benchmark/benchmark.h>

namespace relay {
namespace {

const ip_endpoint v4 = *ip_endpoint::parse("192.0.2.17:51234");
const ip_endpoint v6 = *ip_endpoint::parse("[2001:db8::a:17]:51234");

void format(benchmark::State& state) {
  const auto& what = state.range(0) == 6 ? v6 : v4;
  for (auto _ : state) benchmark::DoNotOptimize(what.to_string());
}
BENCHMARK(format)->Name("addresses/format IPv")->Arg(4)->Arg(6);

void parse(benchmark::State& state) {
  const auto text = (state.range(0) == 6 ? v6 : v4).to_string();
  for (auto _ : state) benchmark::DoNotOptimize(ip_endpoint::parse(text));
}
BENCHMARK(parse)->Name("addresses/parse IPv")->Arg(4)->Arg(6);

void from_kernel(benchmark::State& state) {
  const socket_address raw(state.range(0) == 6 ? v6 : v4);
  for (auto _ : state) benchmark::DoNotOptimize(raw.endpoint());
}
BENCHMARK(from_kernel)->Name("addresses/from the kernel, IPv")->Arg(4)->Arg(6);

void parse_name(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(parse_remote("backend-17.example.com:443"));
}
BENCHMARK(parse_name)->Name("addresses/parse a remote");

}  // namespace
}  // namespace relay
