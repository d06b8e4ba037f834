#include "report.hpp"

#include <array>
#include <cstdio>

namespace relay::bench {

report& report::add(std::string_view name, double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.6g", value);
  return field(name, text.data());
}

// The texts are our own words: nothing in them has to be escaped.
report& report::add(std::string_view name, std::string_view text) {
  return field(name, '"' + std::string(text) + '"');
}

report& report::add(const histogram& latency) {
  add("p50_us", latency.percentile(0.5)).add("p99_us", latency.percentile(0.99));
  return add("p999_us", latency.percentile(0.999)).add("max_us", latency.greatest());
}

void report::print() const {
  std::printf("{%s}\n", fields_.c_str());
  std::fflush(stdout);
}

report& report::field(std::string_view name, const std::string& value) {
  if (!fields_.empty()) fields_ += ", ";
  fields_ += '"' + std::string(name) + "\": " + value;
  return *this;
}

}  // namespace relay::bench
