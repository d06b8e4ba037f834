#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace relay::forward {

/// The functions of a hook library (spec 10), of C's linkage there. They are called from one thread
/// at a time, and must neither throw nor end the process.
struct hook {
  /// `realm_first_pkt_len`: how many of a connection's first bytes the decision needs.
  std::uint32_t (*first_packet_length)() = nullptr;
  /// `realm_decide_remote_idx`: below 0 rejects; 0 allows; from 1 on, which of the extra remotes.
  std::int32_t (*decide)(std::int32_t max_index, const char* packet) = nullptr;
};

/// A library that cannot be used; the message names it and says why.
struct hook_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Loads a library as the dynamic loader finds it: a name without a slash is looked for in its
/// folders. It stays loaded for good, since a call may be under way at any time. Throws hook_error.
hook load_hook(const std::string& path);

}  // namespace relay::forward
