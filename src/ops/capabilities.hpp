#pragma once

#include <cstdint>

namespace relay::ops {

/// The capabilities of the calling thread, as bits.
struct capabilities {
  std::uint64_t permitted = 0;
  std::uint64_t effective = 0;
  std::uint64_t inheritable = 0;
  friend bool operator==(const capabilities&, const capabilities&) = default;

  static capabilities own();
  /// Makes them the calling thread's; errno says why not.
  bool apply() const;

  /// No program that this process becomes can have others than these. Needs CAP_SETPCAP, which a
  /// container may lack; without new privileges this is a second lock only.
  static void bound_to(std::uint64_t wanted);
  /// Programs that this process becomes have these without asking. They must be inheritable.
  static void make_ambient(std::uint64_t wanted);
};

}  // namespace relay::ops
