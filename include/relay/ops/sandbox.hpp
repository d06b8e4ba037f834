#pragma once

#include <relay/base/error.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Two walls of the kernel's around a process that serves: which files it may open (Landlock) and
/// which system calls it may make (seccomp). Neither can be taken down again, and programs that the
/// process becomes stay behind both.
namespace relay::ops {

/// Files and folders, a folder with all that is or will be below it. What does not exist is passed
/// over.
struct reachable_files {
  std::vector<std::string> read;
  std::vector<std::string> written;   ///< created, read, appended to
  std::vector<std::string> executed;  ///< read, too
  std::vector<std::string> sockets;   ///< folders in which they are made and removed
};

/// Whether this kernel has Landlock, and uses it.
bool has_landlock();

/// From here on the calling thread and those it starts open no other files. Descriptors that are
/// open stay usable; sockets are no files. A kernel without Landlock is an error.
error_code restrict_files(const reachable_files& to);

/// Calls that are allowed, and what for.
struct call_group {
  std::string_view purpose;
  std::string_view calls;  ///< their names, with a blank in between
  std::vector<std::string_view> names() const;
};
std::span<const call_group> allowed_calls();

/// From here on every thread of the process makes no other system calls: they fail with ENOSYS, as
/// if the kernel did not have them, and their names are noted.
error_code restrict_calls();

/// Becomes readable when a call was refused that had not been before; -1 while nothing is refused.
/// Belongs to this room.
int refused_calls_event() noexcept;
/// The names of the calls that were refused for the first time since the last question.
std::vector<std::string> take_refused_calls();

}  // namespace relay::ops
