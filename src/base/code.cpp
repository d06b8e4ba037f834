#include <relay/base/code.hpp>

namespace relay {

std::string_view to_string(code what) noexcept {
  switch (what) {
    case code::config:
      return "RLY-CONFIG";
    case code::bind:
      return "RLY-BIND";
    case code::cert:
      return "RLY-CERT";
    case code::hook:
      return "RLY-HOOK";
    case code::name:
      return "RLY-NAME";
    case code::files:
      return "RLY-FILES";
    case code::restart:
      return "RLY-RESTART";
    case code::busy:
      return "RLY-BUSY";
    case code::confirm:
      return "RLY-CONFIRM";
    case code::internal:
      break;
  }
  return "RLY-INTERNAL";
}

}  // namespace relay
