#pragma once

#include <relay/base/error.hpp>
#include <relay/base/ip.hpp>
#include <relay/forward/end_reason.hpp>

#include <string>

namespace relay::handshake {
struct outcome;
struct proxy_reading;
}  // namespace relay::handshake

namespace relay::forward {

struct hook_answer;

/// How a step of a connection's life before the pump has ended: reached, when there is no `ec`.
struct step_outcome {
  end_reason why = end_reason::connect_failed;  ///< of the session, if it ends here
  const char* phase = "connecting";             ///< a literal: in what it failed
  error_code ec;
  ip_endpoint at;          ///< which address of the remote this is about
  bool cut_short = false;  ///< by `connect_limit`, before the step's own limit was over
  std::string more{};      ///< says more than `ec`; may be empty
  bool is_quiet = false;   ///< the line of the session says enough

  /// The process ends: nobody is told.
  bool is_cancelled() const noexcept;
  /// Neither another address nor another remote would do better.
  bool is_final() const noexcept { return !ec || is_quiet || is_cancelled(); }
  /// What is told of it.
  std::string text() const { return more.empty() ? describe(ec) : more; }
};

/// The failed steps of a client's side, told apart by what the client did. One that came, said
/// nothing and left again – a port scan, a health check – is no error, and ends quietly.
step_outcome client_failed(const hook_answer& asked);
step_outcome client_failed(const handshake::proxy_reading& read);
step_outcome client_failed(handshake::outcome opened);

}  // namespace relay::forward
