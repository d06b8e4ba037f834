#include "connection_parts.hpp"

#include <sys/socket.h>

// A connection as an operator sees it, and ends it.
namespace relay::forward {

session_info connection::info() const {
  const path_name path{*rule_, chosen_, nth_};
  session_info made;
  made.id = id_;
  made.is_open = pump_.has_started();
  made.client = name();
  made.listen = path.listen();
  made.endpoint = rule_->endpoint_name;
  made.remote = path.to();
  made.age = std::chrono::duration_cast<std::chrono::milliseconds>(lane_.worker().now() - since_);
  made.up_bytes = pump_.up();
  made.down_bytes = pump_.down();
  made.client_tls = by().in.tls != nullptr;
  made.remote_tls = rule_->out.tls != nullptr;
  return made;
}

bool connection::is_killed() const noexcept { return introduction_ && introduction_->is_killed; }

// A coroutine that waits for the client, or for a remote on its behalf, is told as if the client
// had left: it refers to this connection, and has to end first.
void connection::kill() noexcept {
  if (pump_.has_started() || dialing_) return stop(end_reason::killed);
  guarded([this] {
    if (!introduction_) {
      introduction_ = std::make_unique<introduction>();
      introduction_->done = since_;
    }
    introduction_->is_killed = true;
    ::shutdown(client_.socket().fd(), SHUT_RDWR);
  });
}

}  // namespace relay::forward
