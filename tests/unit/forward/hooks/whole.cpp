// A hook library that can be loaded: wants 3 bytes and allows what begins with "yes".
#include <cstdint>
#include <cstring>

extern "C" {
std::uint32_t realm_first_pkt_len() { return 3; }
std::int32_t realm_decide_remote_idx(std::int32_t max_index, const char* packet) {
  return std::memcmp(packet, "yes", 3) == 0 ? max_index : -1;
}
}
