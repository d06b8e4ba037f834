#include "connection_parts.hpp"

#include <relay/base/reset.hpp>
#include <relay/net/socket.hpp>

#include <cerrno>
#include <utility>

// A client that leaves while its remote is dialled: nobody would read the answer.
namespace relay::forward {

using net::seen;

connection::departure::departure(connection& of, std::function<void()> then)
    : of_(of), then_(std::move(then)) {
  auto& from = of_.client_.socket();
  from.notify(this);
  if (of_.is_killed() || net::has(from.events(), seen::broken))
    from.on().schedule(*this);  // it was told before
}

connection::departure::departure(connection& of)
    : departure(of, [&of] {
        of.remote_side().abort();
        net::end_reading(of.remote_side().socket().fd());
      }) {}

connection::departure::~departure() { of_.client_.socket().notify(nullptr); }

void connection::departure::wake() {
  if (!of_.has_left()) return;
  const auto then = std::exchange(then_, nullptr);  // it may destroy us
  if (then) then();
}

// An end is no departure: the client has asked all it wants, and waits. Nor is a reset while
// something that it sent before is still to be delivered.
bool connection::has_left() {
  if (is_killed()) return true;
  const auto& from = client_.socket();
  if (!net::has(from.events(), seen::broken)) return false;
  if (wrapping_ && wrapping_->client.holds_bytes()) return false;
  return !net::has_unread(from.fd());
}

// Nobody else need be tried, and no remote has failed.
step_outcome connection::departed() {
  step_outcome left;
  left.ec = client_.broken();
  if (!left.ec) left.ec = {ECONNRESET, boost::system::system_category()};  // it was told already
  left.why = is_reset(left.ec) ? end_reason::reset_by_client : end_reason::client_error;
  left.is_quiet = true;
  remote_side().abort();
  return left;
}

void connection::leave() {
  dialing_.reset();
  fail(departed());
}

}  // namespace relay::forward
