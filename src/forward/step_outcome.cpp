#include <relay/base/reset.hpp>
#include <relay/forward/hook_step.hpp>
#include <relay/forward/step_outcome.hpp>
#include <relay/handshake/layers.hpp>
#include <relay/handshake/proxy.hpp>

#include <utility>

namespace relay::forward {

namespace {

/// Ends the session for `why`, quietly where the client has only left.
step_outcome of_client(end_reason why, const char* phase, const error_code& ec) {
  step_outcome made;
  made.why = why;
  made.phase = phase;
  made.is_quiet = why == end_reason::client_eof || why == end_reason::reset_by_client;
  if (why != end_reason::client_eof) made.ec = ec;  // nothing is wrong with an end
  return made;
}

end_reason by_socket(const error_code& ec) {
  return is_reset(ec) ? end_reason::reset_by_client : end_reason::client_error;
}

end_reason reason_of(const hook_answer& asked) {
  if (asked.rejected != nullptr) return end_reason::hook_rejected;
  if (asked.ec == errc::timed_out) return end_reason::hook_timeout;
  if (asked.ec == errc::truncated) return end_reason::client_eof;
  return by_socket(asked.ec);
}

end_reason reason_of(const handshake::proxy_reading& read) {
  if (read.ec == errc::timed_out) return end_reason::proxy_timeout;
  if (read.ec == errc::bad_proxy_header) return end_reason::bad_proxy_header;
  if (read.ec == errc::truncated)
    return read.begun ? end_reason::bad_proxy_header : end_reason::client_eof;
  return by_socket(read.ec);
}

end_reason reason_of(const handshake::outcome& opened) {
  if (opened.ec == errc::timed_out) return end_reason::client_handshake_timeout;
  if (!opened.begun && opened.ec == errc::truncated) return end_reason::client_eof;
  if (!opened.begun && is_reset(opened.ec)) return end_reason::reset_by_client;
  return end_reason::client_handshake_failed;
}

}  // namespace

bool step_outcome::is_cancelled() const noexcept {
  return ec == boost::system::errc::operation_canceled;
}

step_outcome client_failed(const hook_answer& asked) {
  auto made = of_client(reason_of(asked), "waiting for the bytes that the hook wants", asked.ec);
  if (asked.rejected != nullptr) {
    made.phase = "";
    made.more = asked.rejected;
  }
  return made;
}

step_outcome client_failed(const handshake::proxy_reading& read) {
  auto made = of_client(reason_of(read), "reading the PROXY header", read.ec);
  made.more = read.why;
  return made;
}

step_outcome client_failed(handshake::outcome opened) {
  auto made = of_client(reason_of(opened), opened.phase, opened.ec);
  made.more = std::move(opened.more);
  return made;
}

}  // namespace relay::forward
