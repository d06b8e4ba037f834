#pragma once

#include <relay/base/error.hpp>
#include <relay/base/ip.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace relay::names {

enum class record_type : std::uint16_t { a = 1, aaaa = 28 };

/// What a name server made of one question (one name, one record type).
struct dns_reply {
  enum class kind {
    found,         ///< `addresses` is not empty
    no_data,       ///< the name exists, without such a record
    no_such_name,  ///< NXDOMAIN
    failed,        ///< no usable answer: `ec` says why
  };
  kind what = kind::failed;
  std::vector<ip_address> addresses;  ///< as answered
  /// found: the smallest TTL of the addresses and of the aliases that lead to them. Negative: how
  /// long that may be believed, from the SOA record; nothing without one (RFC 2308).
  std::optional<std::chrono::seconds> ttl;
  error_code ec;

  static dns_reply failure(error_code why) { return {kind::failed, {}, {}, why}; }
  friend bool operator==(const dns_reply&, const dns_reply&) = default;
};

/// Reads an answer as it came from the wire, from whoever sent it. That it belongs to the question
/// (id, sender, question section) is for the caller to have checked: c-ares does. Follows aliases
/// from the question's name; addresses of other names are ignored. A truncated answer is good for
/// the addresses that it still has.
dns_reply read_reply(std::span<const std::uint8_t> message, record_type wanted);

}  // namespace relay::names
