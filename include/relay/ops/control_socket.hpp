#pragma once

#include <relay/ops/control_listener.hpp>
#include <relay/ops/control_protocol.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/fwd.h>

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <list>
#include <memory>

namespace relay::ops {

/// Who asks, as the kernel tells it.
struct control_caller {
  uid_t user = 0;
  pid_t process = 0;
};

/// Does what requests say.
class control_handler {
 public:
  /// Called with the reply, once, on any thread, at once or much later; whoever asked may have gone
  /// by then.
  using answer = std::function<void(control_reply)>;

  virtual void handle(const control_request& what, const control_caller& who, answer reply) = 0;
  /// Whether its reply may take longer than others can be kept waiting for.
  virtual bool takes_long(const control_request& /*what*/) const { return false; }

 protected:
  ~control_handler() = default;
};

struct control_limits {
  std::size_t callers = 32;  ///< at once; more wait in the kernel's queue
  std::size_t waiting = 32;  ///< of those besides, for what takes long
  /// For a request to come, and for its reply to be taken.
  std::chrono::milliseconds patience{5000};
};

/// Answers callers on a loop: one line in, one line out, and the end. A caller that is slow, or
/// says what makes no sense, costs its own place for a while and nothing else.
class control_socket {
 public:
  /// `handler` and `log` outlive it.
  control_socket(boost::asio::io_context& on, control_handler& handler, spdlog::logger& log,
                 control_limits limits = {});
  ~control_socket() { stop(); }
  control_socket(const control_socket&) = delete;
  control_socket& operator=(const control_socket&) = delete;

  /// Begins to answer. Once.
  void start(control_listener from);
  /// Removes the file and forgets every caller; the loop then has nothing to do for it.
  void stop();
  /// Empty: it has not been started.
  const std::string& path() const noexcept { return file_.path(); }

 private:
  struct caller;
  using caller_ptr = std::shared_ptr<caller>;

  void accept();
  void pause();
  void admit(boost::asio::local::stream_protocol::socket from);
  void hear(const caller_ptr& from);
  void understand(const caller_ptr& from, std::size_t length);
  void ask(const caller_ptr& from, const control_request& what);
  void watch_for_hang_up(const caller_ptr& from);
  void reply(const caller_ptr& to, const control_reply& what);
  static void tell_of_the_end(caller& who);
  void limit(const caller_ptr& who);
  void dismiss(const caller_ptr& who);
  bool is_welcome(caller& who);

  boost::asio::io_context& loop_;
  control_handler& handler_;
  spdlog::logger& log_;
  control_limits limits_;
  control_listener file_;
  boost::asio::local::stream_protocol::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::list<caller_ptr> callers_;
  std::size_t in_places_ = 0;
  std::size_t waiting_ = 0;
  bool accepting_ = false;
  bool has_refused_ = false;
};

}  // namespace relay::ops
