#include "numbers.hpp"

#include <relay/base/error.hpp>
#include <relay/ops/listen_fds.hpp>

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <string_view>

namespace relay::ops {
namespace {

/// A descriptor table cannot be larger by default; a greater number is a mistake.
constexpr int most_descriptors = 1 << 20;

std::optional<int> socket_option(int fd, int option) {
  int value = 0;
  socklen_t length = sizeof value;
  if (::getsockopt(fd, SOL_SOCKET, option, &value, &length) != 0) return {};
  return value;
}

/// Why nothing can be served on this descriptor; nothing when something can.
std::optional<std::string> objection(int fd) {
  const auto family = socket_option(fd, SO_DOMAIN);
  if (!family) return "not a socket: " + describe(last_system_error());
  if (*family != AF_INET && *family != AF_INET6) return "neither an IPv4 nor an IPv6 socket";
  const auto type = socket_option(fd, SO_TYPE);
  if (type == SOCK_DGRAM) return {};
  if (type != SOCK_STREAM) return "neither a stream nor a datagram socket";
  if (socket_option(fd, SO_ACCEPTCONN) != 1)
    return "a stream socket that does not listen; an accepted connection (Accept=yes) is of no use";
  return {};
}

bool set_flags(int fd) {
  const int descriptor = ::fcntl(fd, F_GETFD);
  const int status = ::fcntl(fd, F_GETFL);
  return descriptor >= 0 && status >= 0 && ::fcntl(fd, F_SETFD, descriptor | FD_CLOEXEC) == 0 &&
         ::fcntl(fd, F_SETFL, status | O_NONBLOCK) == 0;
}

/// The socket of a descriptor, or the reason why it is none of use.
std::optional<std::string> take(int fd, std::string name,
                                std::vector<net::inherited_socket>& into) {
  if (auto why = objection(fd)) return why;
  socket_address at;
  if (::getsockname(fd, at.data(), &at.length) != 0 || !set_flags(fd))
    return describe(last_system_error());
  into.push_back(
      {unique_fd(fd), at.endpoint(), socket_option(fd, SO_TYPE) == SOCK_DGRAM, std::move(name)});
  return {};
}

/// Cuts the next name off a list with colons.
std::string next_name(std::string_view& names) {
  const auto colon = names.find(':');
  const auto name = names.substr(0, colon);
  names.remove_prefix(colon == names.npos ? names.size() : colon + 1);
  return std::string(name);
}

}  // namespace

listen_fds take_listen_fds(const variable_reader& variable, pid_t started_as, int first) {
  listen_fds taken;
  if (!variable || whole_number<pid_t>(variable("LISTEN_PID")) != started_as) return taken;
  const auto promised = variable("LISTEN_FDS");
  if (!promised) return taken;
  const auto count = whole_number<int>(promised);
  if (!count || *count > most_descriptors) {
    taken.refused.push_back("LISTEN_FDS is `" + *promised +
                            "`, which is no number of descriptors; none are taken");
    return taken;
  }
  const auto all_names = variable("LISTEN_FDNAMES").value_or("");
  std::string_view names = all_names;
  for (int fd = first; fd < first + *count; ++fd) {
    auto name = next_name(names);
    const auto shown =
        "inherited descriptor " + std::to_string(fd) + (name.empty() ? "" : " (" + name + ")");
    if (const auto why = take(fd, std::move(name), taken.sockets))
      taken.refused.push_back(shown + ": " + *why);
  }
  return taken;
}

}  // namespace relay::ops
