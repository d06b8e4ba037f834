#include <relay/app/serve.hpp>
#include <relay/base/log.hpp>
#include <relay/forward/server.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/logger.h>

#include <csignal>
#include <iostream>
#include <string>

namespace relay::app {
namespace {

namespace asio = boost::asio;

/// The main thread while the workers work: signals, and the end.
class supervisor {
 public:
  supervisor(forward::server& running, logs& log, std::chrono::milliseconds shutdown_timeout)
      : server_(running),
        logs_(log),
        log_(log.target("relay")),
        shutdown_timeout_(shutdown_timeout),
        signals_(loop_, SIGINT, SIGTERM, SIGHUP),
        deadline_(loop_) {
    signals_.add(SIGUSR1);
  }

  void run() {
    await_signal();
    loop_.run();
  }

 private:
  void await_signal() {
    signals_.async_wait([this](const boost::system::error_code& ec, int number) {
      if (ec) return;
      handle(number);
      if (!finished_) await_signal();
    });
  }

  void handle(int number) {
    switch (number) {
      case SIGHUP:
        return log_.warn("SIGHUP ignored: this version cannot reload its configuration");
      case SIGUSR1:
        if (const auto why = logs_.reopen(); !why.empty()) log_.error("{}", why);
        return;
      default:
        return draining_ ? finish("a second signal") : drain(number);
    }
  }

  void drain(int number) {
    draining_ = true;
    log_.info("{}: no new connections, waiting for {} sessions up to {} ms",
              number == SIGINT ? "SIGINT" : "SIGTERM", server_.connections(),
              shutdown_timeout_.count());
    deadline_.expires_after(shutdown_timeout_);
    deadline_.async_wait([this](const boost::system::error_code& ec) {
      if (!ec) finish("shutdown_timeout");
    });
    server_.drain([this] { asio::post(loop_, [this] { finish({}); }); });
  }

  void finish(const std::string& cut_short_by) {
    if (!cut_short_by.empty() && server_.connections() > 0) {
      log_.warn("{}: ending {} sessions", cut_short_by, server_.connections());
    }
    server_.stop();
    finished_ = true;
    signals_.cancel();
    deadline_.cancel();
  }

  forward::server& server_;
  logs& logs_;
  spdlog::logger& log_;
  std::chrono::milliseconds shutdown_timeout_;
  asio::io_context loop_{1};
  asio::signal_set signals_;
  asio::steady_timer deadline_;
  bool draining_ = false;
  bool finished_ = false;
};

/// The endpoint before this one that was given the same address, if any.
const config::endpoint* earlier_with_same_address(const config::settings& what, std::size_t index) {
  for (std::size_t i = 0; i < index; ++i) {
    const auto& other = what.endpoints[i];
    if (!other.network.no_tcp && other.listen == what.endpoints[index].listen) return &other;
  }
  return nullptr;
}

void report(const config::settings& what, const forward::bind_failure& failed,
            spdlog::logger& log) {
  const auto& at = what.endpoints[failed.endpoint];
  auto message = at.origin.to_string() + ": " + failed.message;
  if (const auto* first = earlier_with_same_address(what, failed.endpoint)) {
    message += " (the endpoint at " + first->origin.to_string() + " has this address)";
  }
  std::cerr << "error: " << message << '\n';
  log.error("{}", message);
}

}  // namespace

int serve(const config::settings& what, logs& log, const serve_options& options) {
  forward::server_options wanted;
  wanted.workers = options.workers;
  wanted.pipe_bytes = options.pipe_bytes;
  forward::server running(what, log, std::move(wanted));
  for (const auto& each : running.bind()) report(what, each, log.target("relay"));
  if (running.bound_count() == 0) return exit_unavailable;
  // Before the threads, so that they inherit handlers and no signal is lost in between.
  supervisor main_thread(running, log, what.process.shutdown_timeout);
  running.start();
  log.target("relay").info("listening on {} addresses with {} workers", running.bound_count(),
                           options.workers);
  if (options.ready) options.ready();
  main_thread.run();
  log.target("relay").info("stopped");
  return exit_done;
}

}  // namespace relay::app
