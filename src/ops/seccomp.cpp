#include <relay/base/unique_fd.hpp>
#include <relay/ops/sandbox.hpp>

#include <linux/sched.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <memory>

namespace relay::ops {
namespace {

// What the handler of a signal can reach: statics. A call is noted once, by its number.
constexpr std::size_t most_numbers = 1024;
std::array<std::atomic<bool>, most_numbers> refused_once;
std::array<std::atomic<bool>, most_numbers> refused_untold;
std::atomic<int> event{-1};

/// Makes `result` what the interrupted system call returns; false on a machine it does not know.
constexpr bool knows_registers =
#if defined(__x86_64__) || defined(__aarch64__) || defined(__i386__) || defined(__arm__) || \
    defined(__riscv)
    true;
#else
    false;
#endif

void set_result([[maybe_unused]] ucontext_t& at, [[maybe_unused]] int result) {
#if defined(__x86_64__)
  at.uc_mcontext.gregs[REG_RAX] = result;
#elif defined(__aarch64__)
  at.uc_mcontext.regs[0] = static_cast<unsigned long long>(static_cast<long long>(result));
#elif defined(__i386__)
  at.uc_mcontext.gregs[REG_EAX] = result;
#elif defined(__arm__)
  at.uc_mcontext.arm_r0 = static_cast<unsigned long>(result);
#elif defined(__riscv)
  at.uc_mcontext.__gregs[REG_A0] = static_cast<unsigned long>(result);
#endif
}

/// The kernel sends this in place of a call that the filter does not allow, to the thread that made
/// it. Async-signal-safe: it may interrupt anything.
void refuse(int, siginfo_t* what, void* context) {
  constexpr int by_filter = 1;             // SYS_SECCOMP, which the C library's headers lack
  if (what->si_code != by_filter) return;  // somebody's kill()
  const int before = errno;
  const auto number = std::min(static_cast<std::size_t>(what->si_syscall), most_numbers - 1);
  if (!refused_once[number].exchange(true)) {
    refused_untold[number] = true;
    const std::uint64_t one = 1;
    (void)!::write(event.load(), &one, sizeof(one));
  }
  set_result(*static_cast<ucontext_t*>(context), -ENOSYS);
  errno = before;
}

struct release {
  void operator()(scmp_filter_ctx filter) const { seccomp_release(filter); }
};
using filter = std::unique_ptr<void, release>;

/// Adds rules, and remembers what went wrong first.
class rules {
 public:
  explicit rules(scmp_filter_ctx to) : to_(to) {}

  /// Without conditions, or where all of them hold. A name that this machine does not have is one
  /// that nobody can call.
  template <class... Condition>
  void allow(std::string_view name, Condition... where) {
    add(SCMP_ACT_ALLOW, name, where...);
  }
  template <class... Condition>
  void add(std::uint32_t action, std::string_view name, Condition... where) {
    const int number = seccomp_syscall_resolve_name(std::string(name).c_str());
    if (number < 0) return;  // unknown to the library, or to this machine
    keep(seccomp_rule_add(to_, action, number, sizeof...(where), where...));
  }
  void keep(int answer) {
    if (answer < 0 && wrong_ == 0) wrong_ = -answer;
  }
  error_code wrong() const {
    return wrong_ == 0 ? error_code() : error_code(wrong_, boost::system::system_category());
  }

 private:
  scmp_filter_ctx to_;
  int wrong_ = 0;
};

scmp_arg_cmp is(unsigned argument, std::uint64_t value) {
  return {argument, SCMP_CMP_EQ, value, 0};
}
scmp_arg_cmp has(unsigned argument, std::uint64_t mask, std::uint64_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

/// AF_NETLINK tells of devices and addresses; AF_UNIX is the way to the service manager.
void allow_sockets(rules& to) {
  for (const int family : {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK})
    to.allow("socket", is(0, static_cast<std::uint64_t>(family)));
  to.allow("socketpair", is(0, AF_UNIX));
}

/// No memory may be both written and executed, nor become executable.
void allow_memory(rules& to) {
  for (const std::string_view name : {"mmap", "mmap2"}) {
    for (const int rights : {0, PROT_WRITE, PROT_EXEC}) {
      to.allow(name, has(2, PROT_WRITE | PROT_EXEC, static_cast<std::uint64_t>(rights)));
    }
  }
  to.allow("mprotect", has(2, PROT_EXEC, 0));
}

/// Threads and processes, but no namespaces, which would give rights within them. The arguments of
/// clone3 lie in memory, where a filter cannot look; the C library then asks for clone.
void allow_threads(rules& to) {
  constexpr std::uint64_t namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                       CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
  to.allow("clone", has(0, namespaces, 0));
  to.add(SCMP_ACT_ERRNO(ENOSYS), "clone3");
}

/// Questions about sockets, terminals and devices; none that puts words into a terminal.
void allow_ioctls(rules& to) {
  for (const unsigned long request :
       {FIONREAD, FIONBIO, FIOCLEX, FIONCLEX, SIOCOUTQ, static_cast<int>(SIOCOUTQNSD), SIOCGIFNAME,
        SIOCGIFINDEX, SIOCGIFFLAGS, SIOCGIFADDR, SIOCGIFCONF, SIOCATMARK, TCGETS, TIOCGWINSZ}) {
    to.allow("ioctl", is(1, request));
  }
}

/// Names and timers of threads, and what an upgraded relay says of itself at its start.
void allow_prctls(rules& to) {
  for (const int option : {PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, PR_SET_NO_NEW_PRIVS,
                           PR_GET_NO_NEW_PRIVS, PR_GET_SECCOMP, PR_GET_KEEPCAPS, PR_CAPBSET_READ,
                           PR_SET_PDEATHSIG, PR_SET_TIMERSLACK, PR_SET_VMA}) {
    to.allow("prctl", is(0, static_cast<std::uint64_t>(option)));
  }
  to.allow("prctl", is(0, PR_SET_DUMPABLE), is(1, 0));
  to.allow("prctl", is(0, PR_SET_SECCOMP));
}

void allow_all(rules& to) {
  const auto groups = allowed_calls();
  for (const auto& each : groups.first(groups.size() - 1)) {  // the last have conditions
    for (const auto name : each.names()) to.allow(name);
  }
  allow_sockets(to);
  allow_memory(to);
  allow_threads(to);
  allow_ioctls(to);
  allow_prctls(to);
}

error_code handle_refusals() {
  unique_fd made(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!made) return last_system_error();
  event = made.release();  // for good: the handler may come at any time
  struct sigaction with {};
  with.sa_sigaction = refuse;
  with.sa_flags = SA_SIGINFO | SA_RESTART;
  if (::sigaction(SIGSYS, &with, nullptr) != 0) return last_system_error();
  return {};
}

}  // namespace

error_code restrict_calls() {
  if (const auto ec = handle_refusals()) return ec;
  const filter made(seccomp_init(knows_registers ? SCMP_ACT_TRAP : SCMP_ACT_ERRNO(ENOSYS)));
  if (!made) return {ENOMEM, boost::system::system_category()};
  rules to(made.get());
  // Threads that are there already, a log's or a hook library's, get the filter too.
  to.keep(seccomp_attr_set(made.get(), SCMP_FLTATR_CTL_TSYNC, 1));
  to.keep(seccomp_attr_set(made.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2));  // a tree, not a list
  allow_all(to);
  if (const auto ec = to.wrong()) return ec;
  to.keep(seccomp_load(made.get()));
  return to.wrong();
}

int refused_calls_event() noexcept { return event.load(); }

std::vector<std::string> take_refused_calls() {
  std::uint64_t count = 0;
  (void)!::read(event.load(), &count, sizeof(count));
  std::vector<std::string> names;
  for (std::size_t number = 0; number < most_numbers; ++number) {
    if (!refused_untold[number].exchange(false)) continue;
    const std::unique_ptr<char, decltype(&std::free)> name(
        seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, static_cast<int>(number)), &std::free);
    names.push_back(name ? name.get() : "number " + std::to_string(number));
  }
  return names;
}

}  // namespace relay::ops
