#pragma once

#include <relay/config/config.hpp>
#include <relay/document/words.hpp>

#include <array>

/// The words of the keys that are one of a few, once: files, the command line, completions and
/// printing all spell them so.
namespace relay::config {

using document::word;
using document::word_for;

inline constexpr auto log_level_words = std::to_array<word<log_level>>({
    {"off", log_level::off},
    {"error", log_level::error},
    {"warn", log_level::warn},
    {"info", log_level::info},
    {"debug", log_level::debug},
    {"trace", log_level::trace},
});

inline constexpr auto log_time_words = std::to_array<word<log_time>>({
    {"local", log_time::local},
    {"utc", log_time::utc},
    {"zone", log_time::zone},
});

inline constexpr auto dns_mode_words = std::to_array<word<dns_mode>>({
    {"ipv4_only", dns_mode::ipv4_only},
    {"ipv6_only", dns_mode::ipv6_only},
    {"ipv4_then_ipv6", dns_mode::ipv4_then_ipv6},
    {"ipv6_then_ipv4", dns_mode::ipv6_then_ipv4},
    {"ipv4_and_ipv6", dns_mode::ipv4_and_ipv6},
});

inline constexpr auto dns_protocol_words = std::to_array<word<dns_protocol>>({
    {"tcp", dns_protocol::tcp},
    {"udp", dns_protocol::udp},
    {"tcp_and_udp", dns_protocol::tcp_and_udp},
});

inline constexpr auto on_change_words = std::to_array<word<fate>>({
    {"keep", fate::keep},
    {"drain", fate::drain},
    {"cut", fate::cut},
});

/// There is no `cut`: who wants an endpoint's sessions gone at once can kill them.
inline constexpr auto on_remove_words = std::to_array<word<fate>>({
    {"drain", fate::drain},
    {"keep", fate::keep},
});

/// Of `process.bind`: whether endpoints serve although another one has their address.
inline constexpr auto bind_words = std::to_array<word<bool>>({
    {"strict", false},
    {"partial", true},
});

}  // namespace relay::config
