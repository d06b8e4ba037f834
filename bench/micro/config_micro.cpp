#include <relay/config/load.hpp>

#include <benchmark/benchmark.h>

namespace relay::config {
namespace {

constexpr int endpoints = 1000;

std::string listen_of(int nth) { return "127.0.0.1:" + std::to_string(10000 + nth); }

std::string toml() {
  std::string text = "[network]\nuse_udp = true\n";
  for (int i = 0; i < endpoints; ++i) {
    text += "[[endpoints]]\nlisten = \"" + listen_of(i) + "\"\nremote = \"10.0.0.1:443\"\n";
  }
  return text;
}

std::string json() {
  std::string text = R"({"network": {"use_udp": true}, "endpoints": [)";
  for (int i = 0; i < endpoints; ++i) {
    text += std::string(i == 0 ? "" : ",\n") + R"({"listen": ")" + listen_of(i) +
            R"(", "remote": "10.0.0.1:443"})";
  }
  return text + "]}";
}

void load(benchmark::State& state, const std::string& text) {
  for (auto _ : state) benchmark::DoNotOptimize(load_text("it", text, {}));
}

void load_toml(benchmark::State& state) { load(state, toml()); }
void load_json(benchmark::State& state) { load(state, json()); }
BENCHMARK(load_toml)->Name("config/1,000 endpoints of TOML")->Unit(benchmark::kMillisecond);
BENCHMARK(load_json)->Name("config/1,000 endpoints of JSON")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace relay::config
