#pragma once

#include <relay/net/readiness.hpp>
#include <relay/transport/stream.hpp>

#include <string>

/// Reading and writing the texts of a handshake, in coroutines.
namespace relay::handshake {

/// Tells `whom` of a stream while it lives.
class notified {
 public:
  notified(transport::stream& of, net::waiter& whom) noexcept : of_(of) { of_.notify(&whom); }
  notified(const notified&) = delete;
  notified& operator=(const notified&) = delete;
  ~notified() { of_.notify(nullptr); }

 private:
  transport::stream& of_;
};

/// Waits for the next wake-up, and sends what the stream itself has to say then.
task<error_code> await_stream(transport::stream& of, net::readiness& ready);

/// Appends what has come; waits if that is nothing. `errc::truncated` at the end of the stream.
task<error_code> read_more(transport::stream& from, std::string& head, net::readiness& ready);

/// All of the text, in one write if the stream takes it.
task<error_code> write_all(transport::stream& to, std::string text, net::readiness& ready);

/// Passes the end on and throws away what still comes, until the peer ends too: closing a socket
/// with unread bytes would destroy what was just sent.
task<> part_from(transport::stream& whom, net::readiness& ready);

}  // namespace relay::handshake
