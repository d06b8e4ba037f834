#pragma once

#include <relay/base/parsed.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace relay {

/// `250ms`, `5s`, `2m`, `1h`, `1d`, or digits alone, which are seconds.
parsed<std::chrono::milliseconds> parse_duration(std::string_view text);

/// `512B`, `512KiB`, `64MiB`, `1GiB`, `10KB`, `10MB`, `1GB`, or digits alone, which are bytes.
parsed<std::uint64_t> parse_size(std::string_view text);

/// Bytes per second: `10Mbit/s`, `1Gbit/s`, `5MiB/s`, `5MB/s`, or digits alone.
parsed<std::uint64_t> parse_rate(std::string_view text);

/// The shortest text that reads back to the same value: `5s`, `250ms`; `64MiB`; `5MiB/s`.
std::string print_duration(std::chrono::milliseconds value);
std::string print_size(std::uint64_t bytes);
std::string print_rate(std::uint64_t bytes_per_second);

}  // namespace relay
