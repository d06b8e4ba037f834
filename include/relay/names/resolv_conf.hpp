#pragma once

#include <relay/base/ip.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace relay::names {

/// What resolv.conf(5) says, as far as we follow it.
struct resolv_conf {
  std::vector<ip_address> nameservers;
  std::vector<std::string> search;  ///< lower-case, without trailing dots; the root is left out
  int ndots = 1;                    ///< 0 to 15
  std::optional<std::chrono::seconds> timeout;  ///< 1 to 30
  std::optional<int> attempts;                  ///< 1 to 5
  bool rotate = false;
  friend bool operator==(const resolv_conf&, const resolv_conf&) = default;
};

/// Lines that make no sense are skipped, as the C library does. `domain` and `search` exclude each
/// other: the last one counts.
resolv_conf parse_resolv_conf(std::string_view text);

/// The names to be asked for, in order. With at least `ndots` dots the name itself comes first,
/// otherwise last; a trailing dot switches the search list off.
std::vector<std::string> search_candidates(std::string_view name, const resolv_conf& conf);

/// Upper-case ASCII letters become lower-case: names are compared without regard to case.
std::string lower_case(std::string_view name);

}  // namespace relay::names
