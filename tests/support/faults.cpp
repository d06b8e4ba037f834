#include "support/faults.hpp"

#include <execinfo.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <new>

namespace relay::test::faults {
namespace {

// Counts down to the fault; 0: none is to come.
std::atomic<std::uint64_t> left_of[2];
std::atomic<const char*> happened{nullptr};
std::array<void*, 32> trace;
std::atomic<int> depth{0};

// A worker says who it is by its thread's name.
bool is_worker() noexcept {
  thread_local int known = 0;
  if (known == 0) {
    char name[16] = {};
    ::prctl(PR_GET_NAME, name);
    known = std::strncmp(name, "worker-", 7) == 0 ? 1 : -1;
  }
  return known == 1;
}

bool is_due(kind what, const char* name) noexcept {
  auto& left = left_of[static_cast<std::size_t>(what)];
  if (left.load(std::memory_order_relaxed) == 0 || !is_worker()) return false;
  if (left.fetch_sub(1) != 1) return false;
  depth = ::backtrace(trace.data(), static_cast<int>(trace.size()));
  happened = name;
  return true;
}

}  // namespace

void arm(kind what, std::uint64_t k) {
  happened = nullptr;
  left_of[static_cast<std::size_t>(what)] = k;
}

bool disarm() {
  for (auto& each : left_of) each = 0;
  return happened.load() != nullptr;
}

std::string where() {
  std::string text(happened.load() != nullptr ? happened.load() : "nothing");
  char** const names = ::backtrace_symbols(trace.data(), depth);
  for (int i = 0; names != nullptr && i < depth; ++i) text += std::string("\n  ") + names[i];
  std::free(names);  // NOLINT: it comes from malloc
  return text;
}

}  // namespace relay::test::faults

namespace {

using relay::test::faults::is_due;
using relay::test::faults::kind;

void* allocate(std::size_t bytes) noexcept {
  if (is_due(kind::allocation, "operator new")) return nullptr;
  return std::malloc(bytes != 0 ? bytes : 1);  // NOLINT
}

bool fails(const char* name, int error) noexcept {
  if (!is_due(kind::system_call, name)) return false;
  errno = error;
  return true;
}

long call(long number, auto... with) noexcept { return ::syscall(number, with...); }

}  // namespace

void* operator new(std::size_t bytes) {
  if (void* const made = allocate(bytes)) return made;
  throw std::bad_alloc();
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes); }
void* operator new[](std::size_t bytes) { return ::operator new(bytes); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes); }
void operator delete(void* gone) noexcept { std::free(gone); }                 // NOLINT
void operator delete(void* gone, std::size_t) noexcept { std::free(gone); }    // NOLINT
void operator delete[](void* gone) noexcept { std::free(gone); }               // NOLINT
void operator delete[](void* gone, std::size_t) noexcept { std::free(gone); }  // NOLINT

// What the kernel may say of each for want of something, or of a peer that has gone. The
// definitions stand in the program, so they come before those of the C library, for c-ares and
// OpenSSL too.
extern "C" {

int accept4(int fd, sockaddr* peer, socklen_t* length, int flags) {
  if (fails("accept4", EMFILE)) return -1;
  return static_cast<int>(call(SYS_accept4, fd, peer, length, flags));
}
int socket(int family, int type, int protocol) noexcept {
  if (fails("socket", EMFILE)) return -1;
  return static_cast<int>(call(SYS_socket, family, type, protocol));
}
int connect(int fd, const sockaddr* to, socklen_t length) {
  if (fails("connect", EADDRNOTAVAIL)) return -1;
  return static_cast<int>(call(SYS_connect, fd, to, length));
}
int bind(int fd, const sockaddr* at, socklen_t length) noexcept {
  if (fails("bind", ENOMEM)) return -1;
  return static_cast<int>(call(SYS_bind, fd, at, length));
}
// What is there already can be changed and taken away without fail.
int epoll_ctl(int epoll, int what, int fd, epoll_event* event) noexcept {
  if (what == EPOLL_CTL_ADD && fails("epoll_ctl", ENOSPC)) return -1;
  return static_cast<int>(call(SYS_epoll_ctl, epoll, what, fd, event));
}
int setsockopt(int fd, int level, int name, const void* value, socklen_t length) noexcept {
  if (fails("setsockopt", ENOBUFS)) return -1;
  return static_cast<int>(call(SYS_setsockopt, fd, level, name, value, length));
}
int getsockopt(int fd, int level, int name, void* value, socklen_t* length) noexcept {
  if (fails("getsockopt", ENOBUFS)) return -1;
  return static_cast<int>(call(SYS_getsockopt, fd, level, name, value, length));
}
int getsockname(int fd, sockaddr* at, socklen_t* length) noexcept {
  if (fails("getsockname", ENOBUFS)) return -1;
  return static_cast<int>(call(SYS_getsockname, fd, at, length));
}
int pipe2(int ends[2], int flags) noexcept {
  if (fails("pipe2", EMFILE)) return -1;
  return static_cast<int>(call(SYS_pipe2, ends, flags));
}
ssize_t recv(int fd, void* into, std::size_t bytes, int flags) {
  if (fails("recv", ENOMEM)) return -1;
  return call(SYS_recvfrom, fd, into, bytes, flags, nullptr, nullptr);
}
ssize_t recvfrom(int fd, void* into, std::size_t bytes, int flags, sockaddr* from,
                 socklen_t* length) {
  if (fails("recvfrom", ENOMEM)) return -1;
  return call(SYS_recvfrom, fd, into, bytes, flags, from, length);
}
ssize_t send(int fd, const void* data, std::size_t bytes, int flags) {
  if (fails("send", ENOBUFS)) return -1;
  return call(SYS_sendto, fd, data, bytes, flags, nullptr, 0);
}
ssize_t sendto(int fd, const void* data, std::size_t bytes, int flags, const sockaddr* to,
               socklen_t length) {
  if (fails("sendto", ENOBUFS)) return -1;
  return call(SYS_sendto, fd, data, bytes, flags, to, length);
}
ssize_t sendmsg(int fd, const msghdr* what, int flags) {
  if (fails("sendmsg", ENOBUFS)) return -1;
  return call(SYS_sendmsg, fd, what, flags);
}
ssize_t recvmsg(int fd, msghdr* into, int flags) {
  if (fails("recvmsg", ENOMEM)) return -1;
  return call(SYS_recvmsg, fd, into, flags);
}
int sendmmsg(int fd, mmsghdr* what, unsigned count, int flags) {
  if (fails("sendmmsg", ENOBUFS)) return -1;
  return static_cast<int>(call(SYS_sendmmsg, fd, what, count, flags));
}
int recvmmsg(int fd, mmsghdr* into, unsigned count, int flags, timespec* limit) {
  if (fails("recvmmsg", ENOMEM)) return -1;
  return static_cast<int>(call(SYS_recvmmsg, fd, into, count, flags, limit));
}
ssize_t splice(int from, off64_t* from_at, int to, off64_t* to_at, std::size_t bytes,
               unsigned flags) {
  if (fails("splice", ENOMEM)) return -1;
  return call(SYS_splice, from, from_at, to, to_at, bytes, flags);
}

}  // extern "C"
