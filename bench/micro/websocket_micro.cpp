#include <relay/wire/websocket.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

namespace relay::wire {
namespace {

constexpr std::size_t one_read = std::size_t{64} << 10;

/// As many whole frames of `payload` bytes as one read brings.
std::vector<std::byte> frames(std::size_t payload, std::uint32_t key) {
  std::vector<std::byte> made;
  const ws_header_bytes header(ws_opcode::binary, payload, ws_role::client);
  do {
    const auto bytes = header.span();
    made.insert(made.end(), bytes.begin(), bytes.end());
    for (std::size_t i = 0; i < 4; ++i) {  // the key is the last of a header
      made[made.size() - 4 + i] = static_cast<std::byte>(key >> (8 * i));
    }
    made.insert(made.end(), payload, std::byte{'x'});
  } while (made.size() + payload + header.size() <= one_read);
  return made;
}

void decode(benchmark::State& state, std::uint32_t key) {
  const auto original = frames(static_cast<std::size_t>(state.range(0)), key);
  auto bytes = original;
  ws_decoder decoder;
  for (auto _ : state) {
    std::copy(original.begin(), original.end(), bytes.begin());  // decoding is in place
    auto pass = decoder.decode(bytes);
    benchmark::DoNotOptimize(pass);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}

void decode_bare(benchmark::State& state) { decode(state, 0); }
void decode_masked(benchmark::State& state) { decode(state, 0x12345678); }
BENCHMARK(decode_bare)->Name("websocket/decode")->Arg(64)->Arg(1024)->Arg(16384);
BENCHMARK(decode_masked)->Name("websocket/decode masked")->Arg(64)->Arg(1024)->Arg(16384);

void unmask(benchmark::State& state) {
  std::vector<std::byte> data(static_cast<std::size_t>(state.range(0)) + 1);
  const auto unaligned = std::span(data).subspan(1);
  std::uint32_t key = 0x12345678;
  for (auto _ : state) benchmark::DoNotOptimize(key = ws_unmask(unaligned, key));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(unmask)->Name("websocket/unmask")->Arg(64)->Arg(65536);

void encode(benchmark::State& state) {
  for (auto _ : state) {
    ws_header_bytes header(ws_opcode::binary, static_cast<std::uint64_t>(state.range(0)),
                           ws_role::client);
    benchmark::DoNotOptimize(header);
  }
}
BENCHMARK(encode)->Name("websocket/encode a header")->Arg(64)->Arg(1024)->Arg(1 << 20);

}  // namespace
}  // namespace relay::wire
