#include <relay/net/socket.hpp>
#include <relay/transport/plain_stream.hpp>

#include <fcntl.h>
#include <linux/sock_diag.h>
#include <linux/socket.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace relay::transport {
namespace {

using net::has;
using net::seen;

constexpr io_result blocked{io::blocked, false, 0, 0, {}};

io_result failure() { return {io::failed, false, 0, 0, last_system_error()}; }

io_result moved(ssize_t count, bool again) {
  return {io::moved, again, 0, static_cast<std::size_t>(count), {}};
}

// A kernel that lacks the option does without.
void set_option(int fd, int level, int name, int value) noexcept {
  (void)::setsockopt(fd, level, name, &value, sizeof value);
}

std::size_t memory_of(int fd, std::size_t what) {
  std::array<std::uint32_t, SK_MEMINFO_VARS> info{};
  socklen_t length = sizeof info;
  if (::getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info.data(), &length) != 0) return 0;
  return info.at(what);
}

// Not by this socket, this kernel or this sandbox. Nothing has been taken: it can be copied.
bool is_refused(int error) noexcept {
  switch (error) {
    case EINVAL:
    case ENOSYS:
    case EPERM:
    case EACCES:
    case EOPNOTSUPP:
      return true;
    default:
      return false;
  }
}

}  // namespace

io_result plain_stream::read_some(std::span<std::byte> into) {
  if (!has(socket_.events(), seen::readable)) return blocked;
  for (;;) {
    const auto count = ::recv(socket_.fd(), into.data(), into.size(), 0);
    if (count > 0) {
      // A read shorter than the buffer has emptied the socket, and whatever comes later is
      // announced by an event of its own – unless the FIN has been announced already, or the read
      // has stopped at the mark of urgent data.
      const bool again = static_cast<std::size_t>(count) == into.size() ||
                         has(socket_.events(), seen::hangup | seen::urgent);
      if (!again) socket_.clear(seen::readable);
      return moved(count, again);
    }
    if (count == 0) return nothing_left();
    if (errno == EAGAIN) {
      socket_.clear(seen::readable);
      return blocked;
    }
    if (errno != EINTR) return failure();
  }
}

// The kernel forgets an error once it has told it, to whoever asked; a read then finds "the end".
io_result plain_stream::nothing_left() const {
  if (!has(socket_.events(), seen::reset)) return {io::end, false, 0, 0, {}};
  return {io::failed, false, 0, 0, {ECONNRESET, boost::system::system_category()}};
}

io_result plain_stream::write_failure() {
  const auto failed = failure();
  if (failed.ec.value() == ECONNRESET) socket_.mark(seen::reset);
  return failed;
}

io_result plain_stream::write_some(std::span<std::byte> data) { return send(data, 0); }

io_result plain_stream::write_more(std::span<std::byte> data) { return send(data, MSG_MORE); }

io_result plain_stream::send(std::span<std::byte> data, int flags) {
  if (!has(socket_.events(), seen::writable)) return blocked;
  for (;;) {
    const auto count = ::send(socket_.fd(), data.data(), data.size(), flags | MSG_NOSIGNAL);
    if (count >= 0) {
      // A short write has filled the socket: the kernel announces room from here on.
      if (static_cast<std::size_t>(count) < data.size()) socket_.clear(seen::writable);
      return moved(count, false);
    }
    if (errno == EAGAIN) {
      socket_.clear(seen::writable);
      return blocked;
    }
    if (errno != EINTR) return write_failure();
  }
}

io_result plain_stream::splice_to_pipe(int pipe, std::size_t limit) {
  // splice never gets past the mark of urgent data; recv does.
  if (has(socket_.events(), seen::urgent)) return {io::unsupported, false, 0, 0, {}};
  if (!has(socket_.events(), seen::readable)) return blocked;
  for (;;) {
    const auto count =
        ::splice(socket_.fd(), nullptr, pipe, nullptr, limit, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    // A pipe counts pages, not bytes: it can be full of small segments, so a short splice does not
    // say that the socket is empty.
    if (count > 0) return moved(count, true);
    if (count == 0) {  // the end, or urgent data in front of more that has not been announced yet
      std::byte next{};
      if (::recv(socket_.fd(), &next, 1, MSG_PEEK) > 0) return {io::unsupported, false, 0, 0, {}};
      return nothing_left();
    }
    if (errno == EAGAIN) {
      socket_.clear(seen::readable);
      return blocked;
    }
    if (is_refused(errno)) return {io::unsupported, false, 0, 0, {}};
    if (errno != EINTR) return failure();
  }
}

io_result plain_stream::splice_from_pipe(int pipe, std::size_t bytes) {
  if (!has(socket_.events(), seen::writable)) return blocked;
  std::size_t done = 0;
  while (done < bytes) {
    const auto count = ::splice(pipe, nullptr, socket_.fd(), nullptr, bytes - done,
                                SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (count > 0) {
      done += static_cast<std::size_t>(count);
    } else if (count == 0 || errno == EAGAIN) {
      socket_.clear(seen::writable);
      break;
    } else if (errno != EINTR) {
      if (done == 0) return write_failure();
      forgotten_error(errno);
      break;
    }
  }
  return done > 0 ? moved(static_cast<ssize_t>(done), false) : blocked;
}

// A splice is many sends for the kernel. One that met a reset in the middle has returned what went
// before, and the reset is forgotten: what follows looks like a peer that had ended. Where no end
// has been announced it was no end; the next write fails and tells.
void plain_stream::forgotten_error(int number) {
  const bool had_ended = has(socket_.events(), seen::hangup);
  if (number == ECONNRESET || (number == EPIPE && !had_ended)) socket_.mark(seen::reset);
}

io_result plain_stream::shutdown_write() {
  if (::shutdown(socket_.fd(), SHUT_WR) == 0) return {io::moved, false, 0, 0, {}};
  return failure();
}

std::size_t plain_stream::unsent() {
  int bytes = 0;
  if (::ioctl(socket_.fd(), SIOCOUTQ, &bytes) != 0 || bytes < 0) return 0;
  return static_cast<std::size_t>(bytes);
}

std::size_t plain_stream::receive_memory() {
  return memory_of(socket_.fd(), SK_MEMINFO_RMEM_ALLOC);
}

std::size_t plain_stream::send_memory() { return memory_of(socket_.fd(), SK_MEMINFO_WMEM_QUEUED); }

// Not SO_SNDBUF, which would also bound what is on its way.
void plain_stream::limit_unsent(std::size_t bytes) noexcept {
  set_option(socket_.fd(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, static_cast<int>(bytes));
}

// Not SO_RCVBUF: what was announced and does not fit any more would be dropped. Not
// TCP_WINDOW_CLAMP: it bounds what is announced beside what waits to be read already.
void plain_stream::freeze_receive_buffer() noexcept {
  set_option(socket_.fd(), SOL_SOCKET, SO_BUF_LOCK, SOCK_RCVBUF_LOCK);
}

// The kernel enlarges the buffer when more was read in a round trip than in the one before, which a
// sender that has filled a frozen window for a while cannot bring about any more. A low-water mark
// is what makes room at once, without a limit for later; the one that is set comes back.
void plain_stream::thaw_receive_buffer(std::size_t window) noexcept {
  set_option(socket_.fd(), SOL_SOCKET, SO_BUF_LOCK, 0);
  int mark = 1;
  socklen_t size = sizeof mark;
  ::getsockopt(socket_.fd(), SOL_SOCKET, SO_RCVLOWAT, &mark, &size);
  set_option(socket_.fd(), SOL_SOCKET, SO_RCVLOWAT, static_cast<int>(window));
  set_option(socket_.fd(), SOL_SOCKET, SO_RCVLOWAT, mark);
}

error_code plain_stream::broken() {
  if (!has(socket_.events(), seen::broken)) return {};
  socket_.clear(seen::broken);
  const auto ec = net::pending_error(socket_.fd());
  if (ec.value() == ECONNRESET) socket_.mark(seen::reset);
  return ec;
}

void plain_stream::abort() noexcept { net::reset_on_close(socket_.fd()); }

}  // namespace relay::transport
