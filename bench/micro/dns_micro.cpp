#include <relay/names/dns_message.hpp>

#include <benchmark/benchmark.h>

namespace relay::names {
namespace {

using bytes = std::vector<std::uint8_t>;

void append(bytes& to, std::initializer_list<int> more) {
  for (const int one : more) to.push_back(static_cast<std::uint8_t>(one));
}

/// An answer with `count` addresses for `www.example`, whose name is told by a pointer.
bytes answer(int count) {
  bytes made;
  append(made, {0, 1, 0x81, 0x80, 0, 1, 0, count, 0, 0, 0, 0});
  append(made, {3, 'w', 'w', 'w', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0, 1});
  for (int i = 0; i < count; ++i) {
    append(made, {0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, i});
  }
  return made;
}

void read(benchmark::State& state) {
  const auto message = answer(static_cast<int>(state.range(0)));
  if (read_reply(message, record_type::a).what != dns_reply::kind::found) {
    state.SkipWithError("the answer is not understood");
  }
  for (auto _ : state) benchmark::DoNotOptimize(read_reply(message, record_type::a));
}
BENCHMARK(read)->Name("dns/read an answer of addresses")->Arg(1)->Arg(16);

}  // namespace
}  // namespace relay::names
