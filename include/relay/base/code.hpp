#pragma once

#include <cstdint>
#include <string_view>

namespace relay {

/// What went wrong, for programs: the words stay when the messages beside them get better. A word
/// that was published is never given another meaning.
enum class code : std::uint8_t {
  config,    ///< the configuration cannot be read, or something in it is wrong
  bind,      ///< a listener cannot be bound
  cert,      ///< a certificate, key or authority cannot be used
  hook,      ///< the hook's library cannot be loaded
  name,      ///< a local address or device is not there: `through`, `interface`, a name in `listen`
  files,     ///< there are too few descriptors
  restart,   ///< a key differs that holds from the start to the end of the process
  busy,      ///< another reload is under way
  confirm,   ///< there is nothing to confirm
  internal,  ///< a mistake of relay's own
};

/// `RLY-CONFIG`.
std::string_view to_string(code what) noexcept;

}  // namespace relay
