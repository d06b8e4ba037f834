#include <relay/pump/end_reason.hpp>

namespace relay::pump {

std::string_view to_string(end_reason why) noexcept {
  switch (why) {
    case end_reason::client_eof:
      return "client_eof";
    case end_reason::remote_eof:
      return "remote_eof";
    case end_reason::reset_by_client:
      return "reset_by_client";
    case end_reason::reset_by_remote:
      return "reset_by_remote";
    case end_reason::client_error:
      return "client_error";
    case end_reason::remote_error:
      return "remote_error";
    case end_reason::half_close_timeout:
      return "half_close_timeout";
    case end_reason::idle:
      return "idle";
    case end_reason::resolve_failed:
      return "resolve_failed";
    case end_reason::connect_failed:
      return "connect_failed";
    case end_reason::loop:
      return "loop";
    case end_reason::hook_rejected:
      return "hook_rejected";
    case end_reason::hook_timeout:
      return "hook_timeout";
    case end_reason::bad_proxy_header:
      return "bad_proxy_header";
    case end_reason::proxy_timeout:
      return "proxy_timeout";
    case end_reason::untrusted_proxy:
      return "untrusted_proxy";
    case end_reason::client_handshake_failed:
      return "client_handshake_failed";
    case end_reason::client_handshake_timeout:
      return "client_handshake_timeout";
    case end_reason::remote_handshake_failed:
      return "remote_handshake_failed";
    case end_reason::truncated:
      return "truncated";
    case end_reason::flood:
      return "flood";
    case end_reason::evicted:
      return "evicted";
    case end_reason::killed:
      return "killed";
    case end_reason::shutdown:
      return "shutdown";
    case end_reason::internal_error:
      return "internal_error";
    case end_reason::count_:
      break;
  }
  return "unknown";
}

}  // namespace relay::pump
