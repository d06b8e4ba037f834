#include "control_client.hpp"

#include <relay/base/error.hpp>
#include <relay/base/words.hpp>
#include <relay/ops/control_listener.hpp>

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace relay::app {
namespace {

namespace fs = std::filesystem;

/// Whoever is asked may be stopped, or be no relay at all.
void limit_waiting(int fd, std::chrono::milliseconds limit) {
  const timeval time{limit.count() / 1000, static_cast<suseconds_t>(limit.count() % 1000 * 1000)};
  (void)::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  (void)::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

error_code send_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return last_system_error();
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

/// Up to the end of the line, or of everything.
error_code receive_line(int fd, std::string& into) {
  std::array<char, 65536> some;
  while (into.find('\n') == std::string::npos) {
    const auto got = ::recv(fd, some.data(), some.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return last_system_error();
    if (got == 0) return {};
    into.append(some.data(), static_cast<std::size_t>(got));
  }
  return {};
}

/// Why nobody could be reached there.
nobody_there unreachable(const std::string& path, int why) {
  const error_code ec(why, boost::system::system_category());
  switch (why) {
    case ENOENT:
    case ECONNREFUSED:
    case ENOTDIR:
      return {"no relay is running: nobody listens at " + path, false};
    case EACCES:
    case EPERM:
      return {"the relay at " + path + " is another user's: ask as that user, or as root", true};
    case EAGAIN:
      return {"the relay at " + path + " does not answer", true};
    default:
      return {path + ": " + describe(ec), false};
  }
}

bool lives(const std::string& path) { return static_cast<bool>(ops::connect_control(path, false)); }

std::vector<std::string> living_sockets(const fs::path& folder) {
  std::vector<std::string> found;
  std::error_code ec;
  for (fs::directory_iterator at(folder, ec), end; !ec && at != end; at.increment(ec)) {
    if (at->path().extension() == ".sock" && lives(at->path())) found.push_back(at->path());
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace

control_answer ask_control(const std::string& path, const ops::control_request& what,
                           std::chrono::milliseconds limit) {
  const auto line = write_request(what);
  const auto to = ops::connect_control(path, true);
  if (!to) return unreachable(path, errno);
  limit_waiting(to.get(), limit);
  // One that refuses us may do so before it has read our line, and its answer says why.
  const auto unsent = send_all(to.get(), line);
  std::string answer;
  const auto ec = receive_line(to.get(), answer);
  if (!answer.empty()) return ops::read_reply(answer);
  if (ec.value() == EAGAIN) return unreachable(path, EAGAIN);
  if (const auto why = ec ? ec : unsent)
    return nobody_there{"the relay at " + path + ": " + describe(why), true};
  return nobody_there{"the relay at " + path + " ended before it had answered", true};
}

std::variant<std::string, nobody_there> find_control_socket(const ops::control_place& usual) {
  if (usual.path.empty()) return nobody_there{"there is no control socket: " + usual.why_none};
  if (usual.is_asked_for) return usual.path;  // whoever asks there will see
  if (ops::connect_control(usual.path, false)) return usual.path;
  const int why = errno;
  if (why == EAGAIN) return usual.path;  // it is busy, so it lives
  if (usual.folder.empty() || (why != ENOENT && why != ECONNREFUSED))
    return unreachable(usual.path, why);
  const auto others = living_sockets(usual.folder);
  if (others.size() == 1) return others.front();
  if (others.empty()) return unreachable(usual.path, why);
  const std::vector<std::string_view> names(others.begin(), others.end());
  return nobody_there{"several relays are running; say which: --control " + join_words(names),
                      true};
}

}  // namespace relay::app
