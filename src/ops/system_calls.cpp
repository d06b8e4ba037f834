#include <relay/ops/sandbox.hpp>

#include <algorithm>
#include <array>

namespace relay::ops {
namespace {

// Names of one machine or libc stand beside those of another: what a machine does not have is
// passed over. docs/operations.md has the same list; a test compares them.
constexpr std::array<call_group, 11> groups{{
    {"connections",
     "accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmsg sendmsg "
     "sendto setsockopt shutdown read readv write writev splice pipe2 fcntl fcntl64 close dup "
     "dup2 dup3"},
    {"datagrams", "recvmmsg recvmmsg_time64 sendmmsg"},
    {"waiting",
     "epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd2 poll ppoll "
     "ppoll_time64 select pselect6 pselect6_time64 timerfd_create timerfd_settime "
     "timerfd_settime64 timerfd_gettime timerfd_gettime64 inotify_init1 inotify_add_watch "
     "inotify_rm_watch"},
    {"the time",
     "clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep "
     "clock_nanosleep_time64 gettimeofday nanosleep time"},
    {"memory", "brk munmap mremap madvise membarrier getrandom"},
    {"threads",
     "futex futex_time64 futex_waitv set_robust_list get_robust_list set_tid_address rseq "
     "sched_yield sched_getaffinity sched_getparam sched_getscheduler gettid tgkill exit "
     "exit_group"},
    {"signals",
     "rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait "
     "rt_sigtimedwait_time64 sigaltstack sigreturn restart_syscall pause"},
    {"files, where Landlock allows them",
     "open openat openat2 stat stat64 fstat fstat64 lstat lstat64 newfstatat fstatat64 statx "
     "statfs statfs64 fstatfs fstatfs64 access faccessat faccessat2 readlink readlinkat getcwd "
     "getdents getdents64 lseek _llseek pread64 fadvise64 fadvise64_64 fsync fdatasync umask "
     "unlink unlinkat"},
    {"looking at itself",
     "getpid getppid getuid geteuid getgid getegid getresuid getresgid getgroups getpgrp "
     "getsid capget getrlimit ugetrlimit prlimit64 setrlimit getrusage sysinfo uname times"},
    {"starting its own program again",
     "execve execveat fork vfork wait4 waitid pidfd_open pidfd_send_signal kill setsid "
     "close_range arch_prctl set_tls seccomp landlock_create_ruleset landlock_add_rule "
     "landlock_restrict_self"},
    {"on conditions", "socket socketpair mmap mmap2 mprotect clone ioctl prctl"},
}};

}  // namespace

std::span<const call_group> allowed_calls() { return groups; }

std::vector<std::string_view> call_group::names() const {
  std::vector<std::string_view> all;
  for (std::size_t from = 0; from < calls.size();) {
    const auto end = std::min(calls.find(' ', from), calls.size());
    all.push_back(calls.substr(from, end - from));
    from = end + 1;
  }
  return all;
}

}  // namespace relay::ops
