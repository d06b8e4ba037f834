#pragma once

#include "histogram.hpp"

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace relay::bench {

/// One line of JSON on standard output, told at once: the reader samples when it sees it.
class report {
 public:
  template <std::integral Number>
  report& add(std::string_view name, Number value) {
    return field(name, std::to_string(value));
  }
  report& add(std::string_view name, double value);
  report& add(std::string_view name, std::string_view text);
  report& add(const histogram& latency);  ///< p50_us, p99_us, p999_us, max_us
  void print() const;

 private:
  report& field(std::string_view name, const std::string& value);
  std::string fields_;
};

}  // namespace relay::bench
