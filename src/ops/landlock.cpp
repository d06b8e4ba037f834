#include <relay/base/unique_fd.hpp>
#include <relay/ops/sandbox.hpp>

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace relay::ops {
namespace {

// Of later versions of the interface than the headers of Debian 12.
constexpr std::uint64_t truncate_file = std::uint64_t{1} << 14;  // version 3
constexpr std::uint64_t ioctl_device = std::uint64_t{1} << 15;   // version 5

constexpr std::uint64_t all_of_version_1 = (std::uint64_t{1} << 13) - 1;
constexpr std::uint64_t of_files = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                   LANDLOCK_ACCESS_FS_READ_FILE | truncate_file | ioctl_device;

constexpr std::uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
// A log looks at its own end before it goes on.
constexpr std::uint64_t writing =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG;
constexpr std::uint64_t socketing =
    LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE;
constexpr std::uint64_t executing = reading | LANDLOCK_ACCESS_FS_EXECUTE;

/// 0 when there is no Landlock, or when it was switched off at boot.
int version() {
  const auto answer =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return answer > 0 ? static_cast<int>(answer) : 0;
}

/// What is forbidden wherever no rule allows it.
std::uint64_t handled(int by) {
  auto rights = all_of_version_1;
  if (by >= 2) rights |= LANDLOCK_ACCESS_FS_REFER;
  if (by >= 3) rights |= truncate_file;
  if (by >= 5) rights |= ioctl_device;
  return rights;
}

/// A rule belongs to what the path stands for now; what does not exist needs none.
error_code allow(int ruleset, const std::string& path, std::uint64_t rights) {
  const unique_fd at(::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat what {};
  if (!at || ::fstat(at.get(), &what) != 0) return {};
  if (!S_ISDIR(what.st_mode)) rights &= of_files;
  landlock_path_beneath_attr rule{};
  rule.allowed_access = rights;
  rule.parent_fd = at.get();
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0)
    return {};
  const auto why = last_system_error();
  // Pipes and sockets, such as /dev/stdout may stand for, are no part of a tree and never
  // forbidden.
  return why.value() == EBADFD ? error_code() : why;
}

}  // namespace

bool has_landlock() { return version() > 0; }

error_code restrict_files(const reachable_files& to) {
  landlock_ruleset_attr wanted{};
  wanted.handled_access_fs = handled(version());
  const unique_fd ruleset(static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, &wanted, sizeof(wanted.handled_access_fs), 0)));
  if (!ruleset) return last_system_error();
  for (const auto& [paths, rights] :
       {std::pair{&to.read, reading}, std::pair{&to.written, writing},
        std::pair{&to.executed, executing}, std::pair{&to.sockets, socketing}}) {
    for (const auto& each : *paths) {
      if (const auto ec = allow(ruleset.get(), each, rights)) return ec;
    }
  }
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) return last_system_error();
  return {};
}

}  // namespace relay::ops
