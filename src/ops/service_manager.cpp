#include "numbers.hpp"

#include <relay/ops/service_manager.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace relay::ops {
namespace {

using namespace std::chrono_literals;

/// How soon a full socket is tried again.
constexpr auto retry_after = 100ms;
/// What stopping takes on top of waiting for sessions.
constexpr auto margin = 5s;

/// `/path` or `@abstract` as an address; the other forms of newer managers are refused.
result<std::pair<sockaddr_un, socklen_t>> address_of(const std::string& name) {
  namespace errors = boost::system::errc;
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  if (name.front() != '/' && name.front() != '@')
    return errors::make_error_code(errors::address_family_not_supported);
  if (name.size() >= sizeof at.sun_path) return errors::make_error_code(errors::filename_too_long);
  std::memcpy(at.sun_path, name.data(), name.size());
  if (name.front() == '@') at.sun_path[0] = '\0';
  const auto length = offsetof(sockaddr_un, sun_path) + name.size();
  return std::pair(at, static_cast<socklen_t>(length));
}

/// The interval of the watchdog, if it watches the process that was started.
std::optional<std::chrono::milliseconds> watchdog_of(const variable_reader& variable,
                                                     pid_t started_as) {
  const auto interval = whole_number<std::int64_t>(variable("WATCHDOG_USEC"));
  if (!interval || *interval <= 0) return {};
  const auto whom = variable("WATCHDOG_PID");
  if (whom && whole_number<pid_t>(whom) != started_as) return {};
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::microseconds(*interval));
}

/// A status stands on one line; a second one would be taken for a variable.
std::string status_line(std::string_view status) {
  std::string line = "\nSTATUS=";
  line += status.substr(0, status.find('\n'));
  return line;
}

}  // namespace

service_manager::service_manager(const variable_reader& variable, pid_t started_as) {
  if (!variable) return;
  socket_name_ = variable("NOTIFY_SOCKET").value_or("");
  if (listens()) watchdog_ = watchdog_of(variable, started_as);
}

error_code service_manager::ready(std::string_view status) {
  return tell("READY=1\nMAINPID=" + std::to_string(::getpid()) + status_line(status));
}

error_code service_manager::stopping(milliseconds limit, std::string_view status) {
  const auto longest = std::chrono::microseconds(limit + margin).count();
  return tell("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + std::to_string(longest) + status_line(status));
}

error_code service_manager::status(std::string_view text) {
  return tell(status_line(text).substr(1));
}

std::optional<service_manager::milliseconds> service_manager::due() const {
  if (!unsent_.empty()) return retry_after;
  // Half of it, as the manager's documentation asks: a late timer is not yet a death.
  if (watchdog_) return std::max<milliseconds>(*watchdog_ / 2, 1ms);
  return {};
}

error_code service_manager::tick(bool is_well) {
  if (!unsent_.empty()) return flush();
  return watchdog_ && is_well ? tell("WATCHDOG=1") : error_code{};
}

error_code service_manager::tell(std::string text) {
  if (!listens()) return {};
  unsent_.push_back(std::move(text));
  return flush();
}

/// In the order in which it was said; what fails for another reason than a full socket is lost.
error_code service_manager::flush() {
  error_code first_failure;
  while (!unsent_.empty()) {
    const auto ec = send(unsent_.front());
    if (ec == boost::system::errc::operation_would_block ||
        ec == boost::system::errc::resource_unavailable_try_again)
      break;
    if (ec && !first_failure) first_failure = ec;
    unsent_.pop_front();
  }
  return first_failure;
}

error_code service_manager::send(std::string_view text) {
  const auto to = address_of(socket_name_);
  if (!to) return to.error();
  if (!socket_) socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_) return last_system_error();
  for (;;) {
    const auto sent = ::sendto(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL,
                               reinterpret_cast<const sockaddr*>(&to->first), to->second);
    if (sent >= 0) return {};
    if (errno != EINTR) return last_system_error();
  }
}

}  // namespace relay::ops
