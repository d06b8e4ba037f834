#include "transfer.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace relay::bench {
namespace {

transfer outcome(ssize_t result) {
  if (result > 0) return {moved::some, static_cast<std::size_t>(result)};
  if (result == 0) return {moved::end};
  return {errno == EAGAIN || errno == EINTR ? moved::blocked : moved::failed};
}

}  // namespace

transfer send_some(int fd, std::span<const char> data) {
  return outcome(::send(fd, data.data(), data.size(), MSG_NOSIGNAL));
}

transfer receive_some(int fd, std::span<char> into) {
  return outcome(::recv(fd, into.data(), into.size(), 0));
}

transfer discard_some(int fd) {
  return outcome(::recv(fd, nullptr, std::size_t{1} << 20, MSG_TRUNC));
}

}  // namespace relay::bench
