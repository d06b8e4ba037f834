#include <relay/base/error.hpp>
#include <relay/ops/control_listener.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

namespace relay::ops {
namespace {

/// As many as may come at once wait in the kernel until they have their turn.
constexpr int queue = 4096;

std::optional<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  if (path.size() >= sizeof at.sun_path) return std::nullopt;
  std::memcpy(at.sun_path, path.data(), path.size());
  return at;
}

unique_fd make_socket(bool waits) {
  return unique_fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (waits ? 0 : SOCK_NONBLOCK), 0));
}

/// While it lives nobody else decides about files of this folder. Two daemons that start at one
/// moment would otherwise both find the file of a dead one, and the second remove the first's.
class folder_lock {
 public:
  explicit folder_lock(const std::string& path)
      : folder_(::open(std::filesystem::path(path).parent_path().c_str(),
                       O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    // Somebody else may hold it for no good reason: better without it than never.
    constexpr int attempts = 100;
    constexpr useconds_t pause = 10'000;
    for (int i = 0; folder_ && i < attempts; ++i) {
      if (::flock(folder_.get(), LOCK_EX | LOCK_NB) == 0) return;
      ::usleep(pause);
    }
  }

 private:
  unique_fd folder_;  // closing it gives the lock back
};

/// Sees to it that the name is free; otherwise why it is not.
std::optional<std::string> make_way(const std::string& path) {
  struct stat what {};
  if (::lstat(path.c_str(), &what) != 0) {
    if (errno == ENOENT) return std::nullopt;
    return describe(last_system_error());
  }
  if (!S_ISSOCK(what.st_mode)) return "there is a file that is no socket";
  if (connect_control(path, false)) return "another relay listens there";
  // Of all that can go wrong only this says that nobody listens.
  if (errno != ECONNREFUSED) {
    if (errno == EAGAIN) return "another relay listens there, and is busy";
    return "there is a socket already, which cannot be asked: " + describe(last_system_error());
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    return "a dead relay's socket is in the way: " + describe(last_system_error());
  return std::nullopt;
}

}  // namespace

unique_fd connect_control(const std::string& path, bool waits) {
  const auto at = address_of(path);
  if (!at) {
    errno = ENAMETOOLONG;
    return {};
  }
  auto made = make_socket(waits);
  if (!made) return {};
  if (::connect(made.get(), reinterpret_cast<const sockaddr*>(&*at), sizeof *at) == 0) return made;
  const int why = errno;
  made.reset();
  errno = why;
  return {};
}

std::variant<control_listener, std::string> control_listener::open(const std::string& path) {
  std::error_code ec;
  const auto absolute = std::filesystem::absolute(path, ec).string();
  const auto refused = [&](const std::string& why) { return absolute + ": " + why; };
  const auto at = address_of(absolute);
  if (!at) {
    return refused("the path of a socket has at most " +
                   std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes, this one has " +
                   std::to_string(absolute.size()));
  }
  const folder_lock alone(absolute);
  if (const auto why = make_way(absolute)) return refused(*why);
  control_listener made;
  made.socket_ = make_socket(false);
  if (!made.socket_) return refused(describe(last_system_error()));
  const auto before = ::umask(0177);  // no moment in which others may connect
  const int bound = ::bind(made.socket_.get(), reinterpret_cast<const sockaddr*>(&*at), sizeof *at);
  const auto why = last_system_error();
  ::umask(before);
  if (bound != 0) return refused(describe(why));
  struct stat own {};
  if (::lstat(absolute.c_str(), &own) != 0) return refused(describe(last_system_error()));
  made.path_ = absolute;
  made.device_ = own.st_dev;
  made.inode_ = own.st_ino;
  if (::listen(made.socket_.get(), queue) != 0) return refused(describe(last_system_error()));
  return made;
}

control_listener::control_listener(control_listener&& other) noexcept
    : socket_(std::move(other.socket_)),
      path_(std::exchange(other.path_, {})),
      device_(other.device_),
      inode_(other.inode_) {}

control_listener& control_listener::operator=(control_listener&& other) noexcept {
  if (this == &other) return *this;
  remove();
  socket_ = std::move(other.socket_);
  path_ = std::exchange(other.path_, {});
  device_ = other.device_;
  inode_ = other.inode_;
  return *this;
}

void control_listener::remove() noexcept {
  if (path_.empty()) return;
  struct stat what {};
  const bool is_own = ::lstat(path_.c_str(), &what) == 0 && what.st_dev == device_ &&
                      what.st_ino == inode_ && S_ISSOCK(what.st_mode);
  // A folder that belongs to somebody else keeps it; nobody listens there, which the next relay
  // sees.
  if (is_own) (void)::unlink(path_.c_str());
  path_.clear();
}

}  // namespace relay::ops
