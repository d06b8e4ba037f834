#include "unit/ops/in_child.hpp"

#include <relay/ops/privileges.hpp>
#include <relay/ops/sandbox.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

namespace relay::ops {
namespace {

using test::in_child;
namespace fs = std::filesystem;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

TEST(AllowedCalls, StandInOneGroupEach) {
  std::set<std::string_view> seen;
  for (const auto& group : allowed_calls()) {
    EXPECT_FALSE(group.names().empty()) << group.purpose;
    for (const auto name : group.names()) EXPECT_TRUE(seen.insert(name).second) << name;
  }
  for (const auto* name : {"ptrace", "mount", "init_module", "bpf", "setuid", "unshare", "chmod",
                           "rename", "link", "process_vm_readv", "keyctl", "io_uring_setup"}) {
    EXPECT_FALSE(seen.contains(name)) << name;
  }
}

TEST(RestrictCalls, LetsOthersFailAndNotesTheirNames) {
  if (sanitized) GTEST_SKIP() << "sanitizers make calls of their own";
  EXPECT_EQ(in_child([] {
              if (refused_calls_event() != -1) return 1;
              if (restrict_calls()) return 2;
              if (::getppid() <= 0 || refused_calls_event() < 0) return 3;
              for (int i = 0; i < 2; ++i) {
                if (::ptrace(PTRACE_TRACEME, 0, 0, 0) != -1 || errno != ENOSYS) return 4;
              }
              if (::socket(AF_PACKET, SOCK_RAW, 0) != -1 || errno != ENOSYS) return 5;
              const auto names = take_refused_calls();
              if (std::set<std::string>(names.begin(), names.end()) !=
                  std::set<std::string>{"ptrace", "socket"})
                return 6;
              if (!take_refused_calls().empty()) return 7;
              return 0;
            }),
            0);
}

TEST(RestrictCalls, CoversThreadsThatAreThereAndLetsOthersStart) {
  if (sanitized) GTEST_SKIP() << "sanitizers make calls of their own";
  EXPECT_EQ(in_child([] {
              std::atomic<int> step{0};
              long answer = 0;
              std::thread early([&] {
                step = 1;
                step.notify_all();
                step.wait(1);
                answer = ::ptrace(PTRACE_TRACEME, 0, 0, 0);
              });
              step.wait(0);
              if (restrict_calls()) return 1;
              step = 2;
              step.notify_all();
              early.join();
              if (answer != -1) return 2;
              std::thread([&] { answer = ::ptrace(PTRACE_TRACEME, 0, 0, 0); }).join();
              return answer == -1 ? 0 : 3;
            }),
            0);
}

TEST(RestrictFiles, LeavesWhatIsNamed) {
  if (!has_landlock()) GTEST_SKIP() << "this kernel has no Landlock";
  char name[] = "/tmp/relay-sandbox-XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  const fs::path folder = name;
  for (const auto* each : {"read", "written", "other"}) fs::create_directory(folder / each);
  std::ofstream(folder / "read" / "a") << "text";
  std::ofstream(folder / "other" / "a") << "text";
  const auto can = [&](const char* path, int flags) {
    const int fd = ::open((folder / path).c_str(), flags, 0600);
    if (fd >= 0) ::close(fd);
    return fd >= 0;
  };
  const int answer = in_child([&] {
    forbid_new_privileges();
    reachable_files to;
    to.read = {folder / "read", folder / "not there", "/dev/null"};
    to.written = {folder / "written", "/dev/null"};
    if (restrict_files(to)) return 1;
    if (!can("read/a", O_RDONLY) || can("read/a", O_WRONLY)) return 2;
    if (can("read/new", O_WRONLY | O_CREAT)) return 3;
    if (!can("written/new", O_WRONLY | O_CREAT | O_APPEND)) return 4;
    if (!can("written/new", O_RDONLY)) return 8;
    if (can("other/a", O_RDONLY) || errno != EACCES) return 5;
    if (!can("/dev/null", O_RDWR)) return 6;
    if (::unlink((folder / "written" / "new").c_str()) == 0) return 7;
    return 0;
  });
  EXPECT_EQ(answer, 0);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace relay::ops
