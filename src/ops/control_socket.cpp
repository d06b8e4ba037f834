#include <relay/ops/control_socket.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <spdlog/logger.h>

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace relay::ops {

namespace asio = boost::asio;
using boost::system::error_code;
using local = asio::local::stream_protocol;

/// One who asks. What the loop still has to do for it keeps it; `dismiss` ends all of that.
struct control_socket::caller {
  explicit caller(local::socket from) : socket(std::move(from)), deadline(socket.get_executor()) {}

  local::socket socket;
  asio::steady_timer deadline;
  control_caller who;
  std::string text;         ///< of the request, then of the reply
  bool takes_long = false;  ///< then it has no place, but waits beside the others
  bool waits = false;       ///< for an answer
  bool is_answered = false;
};

control_socket::control_socket(asio::io_context& on, control_handler& handler, spdlog::logger& log,
                               control_limits limits)
    : loop_(on), handler_(handler), log_(log), limits_(limits), acceptor_(on), pause_(on) {}

void control_socket::start(control_listener from) {
  file_ = std::move(from);
  acceptor_.assign(local(), file_.release());
  accept();
}

void control_socket::stop() {
  error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  file_.remove();
  while (!callers_.empty()) {
    const caller_ptr each = callers_.front();
    if (each->waits && !each->is_answered) tell_of_the_end(*each);
    dismiss(each);
  }
}

// As much as its socket takes at once, which is all of it unless it reads nothing.
void control_socket::tell_of_the_end(caller& who) {
  error_code ignored;
  const auto text = write_reply(refusal(control_codes::ending, "the daemon is about to end"));
  who.socket.non_blocking(true, ignored);
  who.socket.write_some(asio::buffer(text), ignored);
}

// Those for whom there is no place wait in the kernel's queue.
void control_socket::accept() {
  if (accepting_ || !acceptor_.is_open() || in_places_ >= limits_.callers) return;
  accepting_ = true;
  // Asio's own accept makes a call that the sandbox does not allow.
  acceptor_.async_wait(local::acceptor::wait_read, [this](const error_code& ec) {
    if (ec) return;
    accepting_ = false;
    const int fd =
        ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      admit(local::socket(loop_, local(), fd));
    } else if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
      return pause();  // no descriptor, or no memory
    }
    accept();
  });
}

void control_socket::pause() {
  accepting_ = true;
  pause_.expires_after(std::chrono::milliseconds(100));
  pause_.async_wait([this](const error_code& ec) {
    if (ec) return;
    accepting_ = false;
    accept();
  });
}

void control_socket::admit(local::socket from) {
  const auto made = std::make_shared<caller>(std::move(from));
  callers_.push_back(made);
  ++in_places_;
  limit(made);
  if (is_welcome(*made)) return hear(made);
  reply(made, refusal(control_codes::forbidden,
                      "only root and the user of the daemon (" + std::to_string(::geteuid()) +
                          ") may ask, not user " + std::to_string(made->who.user)));
}

// The mode of the file says the same; but modes are changed, and folders copied.
bool control_socket::is_welcome(caller& from) {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(from.socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
    return false;
  from.who = {peer.uid, peer.pid};
  if (peer.uid == 0 || peer.uid == ::geteuid()) return true;
  if (!std::exchange(has_refused_, true)) {
    log_.warn("control socket: user {} (process {}) was refused; further ones are not logged",
              peer.uid, peer.pid);
  }
  return false;
}

void control_socket::hear(const caller_ptr& from) {
  asio::async_read_until(from->socket, asio::dynamic_buffer(from->text, longest_request), '\n',
                         [this, from](const error_code& ec, std::size_t length) {
                           if (!from->socket.is_open()) return;
                           if (ec == asio::error::not_found) length = longest_request + 1;
                           // A line may end with the caller's own end.
                           if (ec == asio::error::eof) length = from->text.size();
                           if (length == 0) return dismiss(from);
                           understand(from, length);
                         });
}

void control_socket::understand(const caller_ptr& from, std::size_t length) {
  const auto understood =
      length > longest_request
          ? refusal(control_codes::too_long,
                    "a request has at most " + std::to_string(longest_request) + " bytes")
          : read_request(std::string_view(from->text).substr(0, length));
  if (const auto* wrong = std::get_if<control_error>(&understood)) return reply(from, *wrong);
  ask(from, std::get<control_request>(understood));
}

void control_socket::ask(const caller_ptr& from, const control_request& what) {
  if (handler_.takes_long(what)) {
    if (waiting_ >= limits_.waiting)
      return reply(from, refusal(control_codes::too_many,
                                 std::to_string(waiting_) + " callers wait for an answer already"));
    from->takes_long = true;
    ++waiting_;
    --in_places_;
    accept();
  }
  from->waits = true;
  from->deadline.expires_at(asio::steady_timer::time_point::max());
  watch_for_hang_up(from);
  handler_.handle(what, from->who,
                  [this, &loop = loop_, to = std::weak_ptr(from)](control_reply answer) {
                    asio::post(loop, [this, to, answer = std::move(answer)] {
                      if (const auto still = to.lock()) reply(still, answer);
                    });
                  });
}

// The end of what the caller says is no hang-up: `socat` closes its half and waits.
void control_socket::watch_for_hang_up(const caller_ptr& from) {
  from->socket.async_wait(local::socket::wait_error, [this, from](const error_code& ec) {
    if (!ec && !from->is_answered) dismiss(from);
  });
}

void control_socket::reply(const caller_ptr& to, const control_reply& what) {
  if (!to->socket.is_open() || std::exchange(to->is_answered, true)) return;
  to->text = write_reply(what);
  limit(to);
  asio::async_write(to->socket, asio::buffer(to->text),
                    [this, to](const error_code&, std::size_t) { dismiss(to); });
}

void control_socket::limit(const caller_ptr& who) {
  who->deadline.expires_after(limits_.patience);
  who->deadline.async_wait([this, who](const error_code& ec) {
    // It may have been moved when this was on its way already.
    if (!ec && who->deadline.expiry() <= asio::steady_timer::clock_type::now()) dismiss(who);
  });
}

void control_socket::dismiss(const caller_ptr& who) {
  if (!who->socket.is_open()) return;
  error_code ignored;
  who->socket.close(ignored);
  who->deadline.cancel();
  (who->takes_long ? waiting_ : in_places_) -= 1;
  callers_.remove(who);
  accept();
}

}  // namespace relay::ops
