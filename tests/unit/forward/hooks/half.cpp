// Lacks the function that decides.
#include <cstdint>

extern "C" {
std::uint32_t realm_first_pkt_len() { return 0; }
}
