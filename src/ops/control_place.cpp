#include <relay/ops/control_place.hpp>

#include <filesystem>
#include <system_error>

namespace relay::ops {
namespace {

namespace fs = std::filesystem;

/// A folder in a variable; systemd puts several into one, with colons.
std::string folder_in(const char* name, const control_surroundings& around) {
  if (!around.variable) return {};
  const auto text = around.variable(name).value_or("");
  return text.substr(0, text.find(':'));
}

}  // namespace

control_place find_control_place(const std::string& given, const std::string& name,
                                 const control_surroundings& around) {
  control_place made;
  if (given == "off") {
    made.why_none = "`path` in the table `control` is \"off\"";
    return made;
  }
  if (!given.empty()) {
    made.path = given;
    made.is_asked_for = true;
    return made;
  }
  if (const auto folder = folder_in("RUNTIME_DIRECTORY", around); !folder.empty()) {
    made.path = folder + "/relay.sock";  // the folder is for one service
    return made;
  }
  const auto own = folder_in("XDG_RUNTIME_DIR", around);
  if (!own.empty() && (around.user != 0 || around.in_container)) {
    made.folder = own + "/relay";
    made.folder_mode = 0700;
  } else if (around.user == 0 && !around.in_container) {
    made.folder = "/run/relay";
    made.folder_mode = 0755;
  } else {
    made.why_none = around.in_container
                        ? "in a container there is none unless --control or RUNTIME_DIRECTORY says "
                          "where"
                        : "the variable XDG_RUNTIME_DIR is not set; --control says where it is";
    return made;
  }
  made.path = made.folder + '/' + name + ".sock";
  return made;
}

std::string control_name(const std::string& configuration) {
  auto at = fs::path(configuration).lexically_normal();
  if (at.filename().empty()) at = at.parent_path();
  if (at == "." || at == "..") {  // the working directory's name, or that of the one above
    std::error_code ec;
    at = fs::weakly_canonical(at, ec);
  }
  const auto name = at.stem().string();
  return name.empty() || name == "/" ? "relay" : name;
}

bool is_in_container(const variable_reader& variable) {
  const auto is_set = [&](const char* name) {
    return variable && !variable(name).value_or("").empty();
  };
  if (is_set("container") || is_set("KUBERNETES_SERVICE_HOST")) return true;
  std::error_code ec;
  return fs::exists("/.dockerenv", ec) || fs::exists("/run/.containerenv", ec);
}

}  // namespace relay::ops
