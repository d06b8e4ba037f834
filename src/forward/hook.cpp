#include <relay/forward/hook.hpp>

#include <dlfcn.h>
#include <unistd.h>

namespace relay::forward {
namespace {

std::string loader_says() {
  const char* const text = ::dlerror();
  return text != nullptr ? text : "the dynamic loader does not say why";
}

// The loader does not look into the working directory, unlike who types a name.
std::string advice(const std::string& path) {
  const bool is_here = path.find('/') == std::string::npos && ::access(path.c_str(), R_OK) == 0;
  return is_here ? " (for the file in this folder write ./" + path + ")" : "";
}

template <class Function>
Function* symbol(void* library, const char* name, const std::string& path) {
  void* const found = ::dlsym(library, name);
  if (found == nullptr) {
    throw hook_error("the hook library " + path + " has no function `" + name +
                     "`; it needs realm_first_pkt_len and realm_decide_remote_idx, with C linkage");
  }
  return reinterpret_cast<Function*>(found);
}

}  // namespace

hook load_hook(const std::string& path) {
  if (path.empty()) throw hook_error("cannot load the hook library: its path is empty");
  // NOW: what is missing shows here and not at the first client.
  void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) {
    throw hook_error("cannot load the hook library " + path + ": " + loader_says() + advice(path));
  }
  hook made;
  made.first_packet_length = symbol<std::uint32_t()>(library, "realm_first_pkt_len", path);
  made.decide =
      symbol<std::int32_t(std::int32_t, const char*)>(library, "realm_decide_remote_idx", path);
  return made;
}

}  // namespace relay::forward
