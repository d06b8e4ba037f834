#pragma once

#include <relay/ops/variable.hpp>

#include <sys/types.h>

#include <string>

/// Where the control socket is. The daemon and the commands that look for it go by the same rules.
namespace relay::ops {

/// What the rules look at.
struct control_surroundings {
  variable_reader variable;
  uid_t user = 0;
  bool in_container = false;
};

struct control_place {
  std::string path{};         ///< empty: there is no socket
  std::string folder{};       ///< of relay's own, to be made if it is not there; empty: none
  unsigned folder_mode = 0;   ///< then
  std::string why_none{};     ///< why there is no socket, for whoever looks for it
  bool is_asked_for = false;  ///< somebody has named the path

  friend bool operator==(const control_place&, const control_place&) = default;
};

/// `given`: the path that somebody has named, `off`, or nothing. `name`: what this relay is called
/// among others of the same user.
control_place find_control_place(const std::string& given, const std::string& name,
                                 const control_surroundings& around);

/// What a relay with this configuration is called: the stem of the file or folder, `relay` where
/// there is none.
std::string control_name(const std::string& configuration);

/// Whether this process is in a container: by what Docker, Podman, Kubernetes and systemd-nspawn
/// leave there.
bool is_in_container(const variable_reader& variable);

}  // namespace relay::ops
