#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What the process may do beyond an ordinary one, and how it gives that up.
namespace relay::ops {

/// A user of the system, with the groups that it has as a process.
struct identity {
  std::string name;  ///< as the operator gave it
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> groups;  ///< supplementary ones

  bool is_root() const noexcept { return user == 0; }
};

/// Why there is no such identity.
struct unknown_identity {
  std::string_view key;  ///< `user` or `group`: which of the two is wrong
  std::string message;
  std::string hint;
};

/// Looks both up, by name or number. Without `group` the user's own group is taken; the user's
/// supplementary groups (such as `ssl-cert`) come with it either way.
std::variant<identity, unknown_identity> find_identity(const std::string& user,
                                                       const std::string& group);

/// Why this process cannot become `who`; empty when it can.
std::string obstacle(const identity& who);

/// Becomes `who`, for good: identity, groups, and no capability but CAP_NET_BIND_SERVICE, if the
/// process has it, which a program that it becomes keeps too. Threads that exist change their
/// identity with it and lose every capability. Throws std::system_error, after which the process
/// must end, since it may have got half of the way.
void become(const identity& who);

/// Threads and programs that this thread starts from here on can have no right but that of binding
/// low ports. What it has itself stays until `become`.
void bound_rights();

/// It is root with the rights of root: what a mistake in it can do has no bounds.
bool is_all_powerful();

/// No program that this process becomes may gain what it has not: set-uid bits and file
/// capabilities have no effect. Cannot be taken back.
void forbid_new_privileges();

/// Whether the kernel may write the memory of this process to a file, and other processes of the
/// same user may look into it. A change of identity sets this back, so it is to be said again.
void allow_core_dumps(bool allowed);

}  // namespace relay::ops
