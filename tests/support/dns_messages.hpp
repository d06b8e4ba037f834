#pragma once

#include <relay/base/ip.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace relay::test {

using bytes = std::vector<std::uint8_t>;

inline constexpr std::uint16_t type_a = 1;
inline constexpr std::uint16_t type_aaaa = 28;

/// A question as a name server sees it.
struct dns_query {
  std::uint16_t id = 0;
  std::string name;  ///< lower case, dotted, without the last dot
  std::uint16_t type = 0;
  bool over_tcp = false;

  static std::optional<dns_query> parse(std::span<const std::uint8_t> message);
};

/// `www.example` in wire form, uncompressed.
bytes wire_name(std::string_view name);

/// Builds an answer record by record; `as_bytes` gives the message. The question stands at
/// offset 12, which is where owners and `pointer` aim.
class dns_response {
 public:
  explicit dns_response(const dns_query& to, int rcode = 0);

  dns_response& address(std::string_view ip, std::uint32_t ttl, std::string_view owner = {});
  dns_response& alias(std::string_view target, std::uint32_t ttl, std::string_view owner = {});
  dns_response& soa(std::uint32_t ttl, std::uint32_t minimum);
  dns_response& truncated();
  dns_response& id(std::uint16_t other);
  bytes as_bytes() const;

 private:
  void record(bytes& section, std::string_view owner, std::uint16_t type, std::uint32_t ttl,
              const bytes& data);

  dns_query query_;
  std::uint16_t flags_;
  std::uint16_t answer_count_ = 0, authority_count_ = 0;
  bytes answers_, authority_;
};

}  // namespace relay::test
