#include <relay/net/socket.hpp>
#include <relay/transport/plain_stream.hpp>

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>

namespace relay::transport {
namespace {

using net::has;
using net::seen;

constexpr io_result blocked{io::blocked, false, 0, {}};

io_result failure() { return {io::failed, false, 0, last_system_error()}; }

io_result moved(ssize_t count, bool again) {
  return {io::moved, again, static_cast<std::size_t>(count), {}};
}

}  // namespace

io_result plain_stream::read_some(std::span<std::byte> into) {
  if (!has(socket_.events(), seen::readable)) return blocked;
  for (;;) {
    const auto count = ::recv(socket_.fd(), into.data(), into.size(), 0);
    if (count > 0) {
      // A read shorter than the buffer has emptied the socket, and whatever comes later is
      // announced by an event of its own – unless the FIN has been announced already.
      const bool again =
          static_cast<std::size_t>(count) == into.size() || has(socket_.events(), seen::hangup);
      if (!again) socket_.clear(seen::readable);
      return moved(count, again);
    }
    if (count == 0) return {io::end, false, 0, {}};
    if (errno == EAGAIN) {
      socket_.clear(seen::readable);
      return blocked;
    }
    if (errno != EINTR) return failure();
  }
}

io_result plain_stream::write_some(std::span<std::byte> data) {
  if (!has(socket_.events(), seen::writable)) return blocked;
  for (;;) {
    const auto count = ::send(socket_.fd(), data.data(), data.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      // A short write has filled the socket: the kernel announces room from here on.
      if (static_cast<std::size_t>(count) < data.size()) socket_.clear(seen::writable);
      return moved(count, false);
    }
    if (errno == EAGAIN) {
      socket_.clear(seen::writable);
      return blocked;
    }
    if (errno != EINTR) return failure();
  }
}

io_result plain_stream::splice_to_pipe(int pipe, std::size_t limit) {
  if (!has(socket_.events(), seen::readable)) return blocked;
  for (;;) {
    const auto count =
        ::splice(socket_.fd(), nullptr, pipe, nullptr, limit, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    // A pipe counts pages, not bytes: it can be full of small segments, so a short splice does not
    // say that the socket is empty.
    if (count > 0) return moved(count, true);
    if (count == 0) return {io::end, false, 0, {}};
    if (errno == EAGAIN) {
      socket_.clear(seen::readable);
      return blocked;
    }
    if (errno == EINVAL) return {io::unsupported, false, 0, {}};
    if (errno != EINTR) return failure();
  }
}

io_result plain_stream::splice_from_pipe(int pipe, std::size_t bytes) {
  if (!has(socket_.events(), seen::writable)) return blocked;
  for (;;) {
    const auto count =
        ::splice(pipe, nullptr, socket_.fd(), nullptr, bytes, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (count > 0) return moved(count, false);
    if (count == 0 || errno == EAGAIN) {
      socket_.clear(seen::writable);
      return blocked;
    }
    if (errno != EINTR) return failure();
  }
}

io_result plain_stream::shutdown_write() {
  if (::shutdown(socket_.fd(), SHUT_WR) == 0) return {io::moved, false, 0, {}};
  return failure();
}

error_code plain_stream::broken() {
  if (!has(socket_.events(), seen::broken)) return {};
  socket_.clear(seen::broken);
  return net::pending_error(socket_.fd());
}

void plain_stream::abort() noexcept { net::reset_on_close(socket_.fd()); }

}  // namespace relay::transport
