#include <relay/base/host_port.hpp>

namespace relay {

std::string host_port::to_string() const {
  auto text = host.empty() ? std::string("*") : host;
  if (text.find(':') != std::string::npos) text = '[' + text + ']';
  text += ':' + std::to_string(ports.first);
  if (ports.last != ports.first) text += '-' + std::to_string(ports.last);
  return text;
}

}  // namespace relay
