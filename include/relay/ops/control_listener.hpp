#pragma once

#include <relay/base/unique_fd.hpp>

#include <sys/types.h>

#include <string>
#include <variant>

namespace relay::ops {

/// The file of the control socket, and the socket that listens there. Of mode 0600, so that nobody
/// but its user and root can connect. Removes the file at its end, if the file is still its own.
class control_listener {
 public:
  /// Takes the place of a daemon that has died, never of one that lives. Otherwise: why there is no
  /// socket, as `/run/relay/a.sock: another relay listens there`.
  static std::variant<control_listener, std::string> open(const std::string& path);

  control_listener() = default;
  control_listener(control_listener&& other) noexcept;
  control_listener& operator=(control_listener&& other) noexcept;
  ~control_listener() { remove(); }

  const std::string& path() const noexcept { return path_; }
  /// Gives the socket away; the file stays this object's.
  int release() noexcept { return socket_.release(); }
  /// Removes the file: nobody finds the way any more.
  void remove() noexcept;

 private:
  unique_fd socket_;
  std::string path_;  ///< absolute; empty: there is nothing to remove
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

/// Connects to the socket at `path`; -1 with errno otherwise. Does not wait for room in its queue
/// unless told to.
unique_fd connect_control(const std::string& path, bool waits);

}  // namespace relay::ops
