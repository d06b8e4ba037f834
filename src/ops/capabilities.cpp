#include "capabilities.hpp"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace relay::ops {
namespace {

constexpr int most = 64;

template <class Work>
void for_each_of(std::uint64_t set, Work work) {
  for (int at = 0; at < most; ++at) {
    if ((set >> at & 1) != 0) work(at);
  }
}

}  // namespace

// The kernel takes 64 bits as two rows of 32.
capabilities capabilities::own() {
  __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct rows[_LINUX_CAPABILITY_U32S_3]{};
  if (::syscall(SYS_capget, &head, rows) != 0) return {};
  const auto joined = [](std::uint32_t low, std::uint32_t high) {
    return low | std::uint64_t{high} << 32;
  };
  return {joined(rows[0].permitted, rows[1].permitted),
          joined(rows[0].effective, rows[1].effective),
          joined(rows[0].inheritable, rows[1].inheritable)};
}

bool capabilities::apply() const {
  __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct rows[_LINUX_CAPABILITY_U32S_3]{};
  for (int at = 0; at < _LINUX_CAPABILITY_U32S_3; ++at) {
    rows[at].permitted = static_cast<std::uint32_t>(permitted >> (32 * at));
    rows[at].effective = static_cast<std::uint32_t>(effective >> (32 * at));
    rows[at].inheritable = static_cast<std::uint32_t>(inheritable >> (32 * at));
  }
  return ::syscall(SYS_capset, &head, rows) == 0;
}

void capabilities::bound_to(std::uint64_t wanted) {
  for_each_of(~wanted, [](int at) { (void)::prctl(PR_CAPBSET_DROP, at, 0, 0, 0); });
}

void capabilities::make_ambient(std::uint64_t wanted) {
  (void)::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for_each_of(wanted,
              [](int at) { (void)::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, at, 0, 0); });
}

}  // namespace relay::ops
