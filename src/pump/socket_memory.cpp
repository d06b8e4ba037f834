#include <relay/pump/socket_memory.hpp>

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

namespace relay::pump {

std::uint64_t quarter_of_pressure(std::string_view tcp_mem, std::uint64_t page) {
  std::istringstream numbers{std::string(tcp_mem)};
  std::uint64_t low = 0;
  std::uint64_t pressure = 0;
  if (!(numbers >> low >> pressure)) return 0;
  // A kernel without an idea of a limit says more pages than there are addresses.
  if (pressure > std::numeric_limits<std::uint64_t>::max() / page) return 0;
  return pressure * page / 4;
}

std::uint64_t system_socket_memory() {
  std::string text;
  std::getline(std::ifstream("/proc/sys/net/ipv4/tcp_mem"), text);
  const auto page = static_cast<std::uint64_t>(::getpagesize());
  auto quarter = quarter_of_pressure(text, page);
  if (quarter == 0) {
    // In a network namespace of its own (a container) it is not told. A sixteenth of the memory is
    // what the kernel sets it to when it starts.
    const auto pages = std::max(::sysconf(_SC_PHYS_PAGES), 0L);
    quarter = static_cast<std::uint64_t>(pages) * page / 64;
  }
  constexpr std::uint64_t mib = std::uint64_t{1} << 20;
  return std::max(quarter / mib, std::uint64_t{1}) * mib;
}

}  // namespace relay::pump
