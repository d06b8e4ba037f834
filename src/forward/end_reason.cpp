#include <relay/forward/end_reason.hpp>

namespace relay::forward {

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

end_reason reason_of(pump::session_end how) noexcept {
  switch (how) {
    case pump::session_end::client_eof:
      return end_reason::client_eof;
    case pump::session_end::remote_eof:
      return end_reason::remote_eof;
    case pump::session_end::reset_by_client:
      return end_reason::reset_by_client;
    case pump::session_end::reset_by_remote:
      return end_reason::reset_by_remote;
    case pump::session_end::client_error:
      return end_reason::client_error;
    case pump::session_end::remote_error:
      return end_reason::remote_error;
    case pump::session_end::half_close_timeout:
      return end_reason::half_close_timeout;
    case pump::session_end::idle:
      return end_reason::idle;
    case pump::session_end::truncated:
      return end_reason::truncated;
    case pump::session_end::flood:
      return end_reason::flood;
    case pump::session_end::fault:
      break;
  }
  return end_reason::internal_error;
}

}  // namespace relay::forward
