// Needs a function that nobody has.
#include <cstdint>

extern "C" {
std::int32_t relay_test_nobody_has_this();
std::uint32_t realm_first_pkt_len() { return 0; }
std::int32_t realm_decide_remote_idx(std::int32_t, const char*) {
  return relay_test_nobody_has_this();
}
}
