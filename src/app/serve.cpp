#include "config_watch.hpp"
#include "control_service.hpp"
#include "memory.hpp"
#include "open_log.hpp"
#include "refusals.hpp"
#include "reload_commands.hpp"
#include "reloader.hpp"
#include "signals.hpp"
#include "standard_streams.hpp"
#include "start_messages.hpp"
#include "status_line.hpp"
#include "worker_watch.hpp"

#include <relay/app/serve.hpp>
#include <relay/base/log.hpp>
#include <relay/config/listen_clashes.hpp>
#include <relay/config/load.hpp>
#include <relay/forward/server.hpp>
#include <relay/ops/listen_fds.hpp>
#include <relay/ops/service_manager.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/logger.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace relay::app {
namespace {

namespace asio = boost::asio;

/// Ends at once, without tidying up what somebody still uses.
[[noreturn]] void leave(const logs& log, int code) {
  log.flush();
  std::cout.flush();
  std::cerr.flush();
  ::_exit(code);
}

std::string counted(std::size_t count, const char* one, const char* many) {
  return std::to_string(count) + ' ' + (count == 1 ? one : many);
}

std::string name_of(int signal) {
  return signal == SIGINT ? "SIGINT" : signal == SIGQUIT ? "SIGQUIT" : "SIGTERM";
}

/// The main thread while the workers work: signals, the service manager, and the end.
class supervisor {
 public:
  supervisor(forward::server& running, logs& log, ops::service_manager& manager,
             const serve_options& options)
      : server_(running),
        manager_(manager),
        logs_(log),
        log_(log.target("relay")),
        signals_(loop_),
        deadline_(loop_),
        tick_(loop_),
        watch_(loop_, running, log_, running.settings().process.worker_stall,
               [this] { said(manager_.status(status())); }),
        refusals_(loop_, log_),
        reloader_(loop_, running, log, options.read_again),
        reload_commands_(loop_, running, reloader_),
        log_level_(running.settings().log.level) {
    reloader_.on_applied([this] { follow_settings(); });
    if (options.config_path) {
      config_watch_.emplace(loop_, *options.config_path, log_, [this] { reloader_.reload(); });
    }
    for (const int each : served_signals()) signals_.add(each);
    release_signals();
  }

  /// From any thread, until `run` returns.
  void give_back_memory() {
    asio::post(loop_, [] { give_memory_back(); });
  }

  /// Likewise.
  void device_changed(const std::string& device) {
    asio::post(loop_, [this, device] { reloader_.device_changed(device); });
  }

  bool is_reloading() const noexcept { return reloader_.is_busy(); }

  /// What the commands for a running relay ask is answered here; before `run`.
  void answer(ops::control_listener from) {
    control_.emplace(loop_, server_, logs_, reload_commands_,
                     control_service::surroundings{[this] { return draining_; },
                                                   [this] { return watch_.stalled(); },
                                                   [this] { return failed_endpoints(); }});
    control_->start(std::move(from));
  }

  /// `status` is for the service manager.
  void run(std::string status) {
    status_ = std::move(status);
    await_signal();
    said(manager_.ready(status_));
    await_tick();
    watch_.start();
    reloader_.start();
    follow_settings();
    loop_.run();
    ignore_late_signals();
  }

 private:
  std::string status() const {
    if (watch_.stalled() == 0) return status_;
    return std::to_string(watch_.stalled()) + " workers do not turn; " + status_;
  }

  std::vector<failed_endpoint> failed_endpoints() const {
    std::vector<failed_endpoint> made;
    for (const auto index : server_.deaf()) {
      const auto& from = server_.settings().endpoints[index];
      made.push_back({from.name, from.listen.to_string(), from.remote.to_string(),
                      std::string(server_.why_deaf(index))});
    }
    return made;
  }

  /// What a reload may change of this thread's work.
  void follow_settings() {
    const auto level = server_.settings().log.level;
    // What `relay log-level` has said holds until the configuration says something else.
    if (std::exchange(log_level_, level) != level) logs_.set_filter(level_of(level));
    if (!config_watch_ || draining_) return;
    if (server_.settings().process.watch) {
      config_watch_->start();
    } else {
      config_watch_->stop();
    }
  }

  void await_signal() {
    signals_.async_wait([this](const boost::system::error_code& ec, int number) {
      if (ec) return;
      handle(number);
      if (!finished_) await_signal();
    });
  }

  /// The watchdog's sign of life comes from the loop that would handle a SIGTERM, and only while
  /// every worker turns.
  void await_tick() {
    const auto due = manager_.due();
    if (!due || finished_) return;
    tick_.expires_after(*due);
    tick_.async_wait([this](const boost::system::error_code& ec) {
      if (ec) return;
      said(manager_.tick(watch_.stalled() == 0));
      await_tick();
    });
  }

  /// A manager that cannot be told is no reason not to serve.
  void said(const error_code& ec) {
    if (ec) log_.warn("telling the service manager (NOTIFY_SOCKET): {}", describe(ec));
  }

  void handle(int number) {
    switch (number) {
      case SIGHUP:
        return reloader_.reload();
      case SIGUSR1:
        return logs_.reopen();
      case SIGUSR2:
        return tell_totals();
      default:
        return draining_ ? finish("a second signal") : drain(number);
    }
  }

  /// Whoever asks is answered, even if the log is off.
  void tell_totals() {
    server_.add_up([this](std::vector<forward::endpoint_totals> all) {
      asio::post(loop_, [this, all = std::move(all)] {
        for (const auto& each : all) {
          logs_.answers().info("{}", status_line(each));
          if (logs_.is_off()) write_unless_full(STDERR_FILENO, status_line(each) + '\n');
        }
      });
    });
  }

  void drain(int number) {
    draining_ = true;
    reloader_.stop();
    if (config_watch_) config_watch_->stop();
    const auto limit = server_.settings().process.shutdown_timeout;
    log_.info("{}: no new connections, waiting for {} sessions up to {} ms", name_of(number),
              server_.connections(), limit.count());
    await_deadline(limit);
    status_ = "waiting for " + std::to_string(server_.connections()) + " sessions to end";
    said(manager_.stopping(limit, status()));
    await_tick();  // there may be more to say than there was
    server_.drain([this] { asio::post(loop_, [this] { finish({}); }); });
  }

  /// Time in which this process was stopped, or the machine frozen, is given back: the sessions
  /// could not use it.
  void await_deadline(std::chrono::milliseconds left) {
    deadline_.expires_after(left);
    deadline_.async_wait([this, left](const boost::system::error_code& ec) {
      if (ec) return;
      const auto late = std::chrono::steady_clock::now() - deadline_.expiry();
      if (late < frozen) return finish("shutdown_timeout");
      await_deadline(std::min(left, std::chrono::ceil<std::chrono::milliseconds>(late)));
    });
  }

  void finish(const std::string& cut_short_by) {
    if (std::exchange(finished_, true)) return;  // stopping makes the drain come true, too
    if (control_) control_->stop();
    if (!cut_short_by.empty() && server_.connections() > 0) {
      log_.warn("{}: ending {} sessions", cut_short_by, server_.connections());
    }
    // Stopping waits for the workers. One that never turns again is left, and the process with it.
    if (!server_.turn_within(watch_.stalled() == 0 ? patience : std::chrono::milliseconds(100))) {
      log_.error("a worker does not turn: ending without it");
      leave(logs_, exit_failure);
    }
    server_.stop();
    signals_.cancel();
    deadline_.cancel();
    tick_.cancel();
    watch_.cancel();
    refusals_.stop();
  }

  static constexpr std::chrono::seconds frozen{
      1};  ///< no timer of this thread is so late by itself
  static constexpr std::chrono::milliseconds patience{5000};

  forward::server& server_;
  ops::service_manager& manager_;
  logs& logs_;
  spdlog::logger& log_;
  asio::io_context loop_{1};
  asio::signal_set signals_;
  asio::steady_timer deadline_;
  asio::steady_timer tick_;
  worker_watch watch_;
  refusals refusals_;
  reloader reloader_;
  reload_commands reload_commands_;
  config::log_level log_level_;
  std::optional<config_watch> config_watch_;
  std::optional<control_service> control_;
  std::string status_;
  bool draining_ = false;
  bool finished_ = false;
};

/// Which endpoints could not be bound, and because of which other one.
void report(const config::settings& what, const std::vector<forward::bind_failure>& failures,
            start_messages& say) {
  if (failures.empty()) return;
  std::map<std::size_t, config::listen_clash> clashes;
  for (const auto& each : config::listen_clashes(what)) clashes.emplace(each.second, each);
  for (const auto& failed : failures) {
    auto message = what.endpoints[failed.endpoint].origin.to_string() + ": " + failed.message;
    if (const auto found = clashes.find(failed.endpoint); found != clashes.end()) {
      const auto& first = what.endpoints[found->second.first];
      const auto advice = config::advice_on(what, found->second);
      message += " (the endpoint at " + first.origin.to_string() + " listens on " +
                 first.listen.to_string() + (advice.empty() ? "" : "; " + advice) + ")";
    }
    say.error(message);
  }
}

/// The sockets that the service manager opened, told about.
std::vector<net::inherited_socket> inherited_sockets(const serve_options& options, logs& log,
                                                     start_messages& say) {
  auto given = ops::take_listen_fds(options.variable, options.started_as);
  for (const auto& why : given.refused) say.warning(why);
  for (const auto& each : given.sockets)
    log.target("relay").info("inherited {} {}{}", each.datagram ? "udp" : "tcp",
                             each.at.to_string(), each.name.empty() ? "" : " (" + each.name + ")");
  return std::move(given.sockets);
}

/// Those that fit no endpoint. Their clients would wait for ever, or, once they are closed, be
/// refused by a socket of which the service manager says that it listens. realm knows none.
bool refuses_unwanted(const std::vector<net::inherited_socket>& sockets, config::dialect rules,
                      start_messages& say) {
  for (const auto& each : sockets) {
    const auto at = each.at.to_string();
    const auto message = "the inherited socket " + at + (each.datagram ? " (UDP)" : " (TCP)") +
                         " is wanted by no endpoint: none listens on exactly that";
    if (rules == config::dialect::realm) {
      say.warning(message + "; it is closed");
    } else {
      say.error(message + "; write `listen = \"" + at + "\"`" +
                (each.datagram ? " with `use_udp = true`" : "") +
                ", or take it out of the .socket unit");
    }
  }
  return !sockets.empty() && rules == config::dialect::relay;
}

/// A thread has not returned: a call of the hook, or a reload that waits for a name server. What it
/// uses may not be tidied up, which is what the ordinary end of a process does.
[[noreturn]] void end_without(const char* whom, logs& log) {
  log.target("relay").warn("stopped, although {}", whom);
  leave(log, exit_done);
}

/// The control socket; nothing where there is none, or it cannot be: relay serves all the same.
std::optional<ops::control_listener> open_control(const std::string& path, start_messages& say) {
  if (path.empty()) return std::nullopt;
  auto made = ops::control_listener::open(path);
  if (auto* listener = std::get_if<ops::control_listener>(&made)) return std::move(*listener);
  say.warning("no control socket, so `relay status` and its like cannot ask this process: " +
              std::get<std::string>(made) +
              " (--control or `path` in the table `control` names another place, or `off`)");
  return std::nullopt;
}

}  // namespace

int serve(const config::settings& what, logs& log, const serve_options& options) {
  bound_arenas(options.workers);
  forward::server_options wanted;
  wanted.workers = options.workers;
  wanted.pipe_bytes = options.pipe_bytes;
  wanted.hook = options.hook;
  start_messages say(log, std::cerr);
  wanted.inherited = inherited_sockets(options, log, say);
  if (options.variable) wanted.credentials = options.variable("CREDENTIALS_DIRECTORY");
  forward::server running(what, log, std::move(wanted));
  for (const auto& each : running.warnings()) say.problem(each);
  const auto failures = running.bind();
  report(what, failures, say);
  if (refuses_unwanted(running.take_unwanted(), what.rules, say)) return exit_config;
  if (running.bound_count() == 0) return exit_unavailable;
  auto control = open_control(options.control_path, say);
  if (options.bound) options.bound();
  // Before the threads, so that they inherit handlers and no signal is lost in between.
  ops::service_manager manager(options.variable, options.started_as);
  supervisor main_thread(running, log, manager, options);
  if (control) main_thread.answer(*std::move(control));
  running.on_calm([&main_thread] { main_thread.give_back_memory(); });
  running.on_device(
      [&main_thread](const std::string& device) { main_thread.device_changed(device); });
  running.start();
  const auto status = "listening on " + counted(running.bound_count(), "address", "addresses") +
                      " with " + counted(options.workers, "worker", "workers");
  log.target("relay").info("{}", status);
  if (options.ready) options.ready();
  main_thread.run(failures.empty() ? status
                                   : status + ", " + std::to_string(failures.size()) + " failed");
  if (running.hook_hangs()) end_without("the hook has not answered", log);
  if (main_thread.is_reloading()) end_without("a reload was under way", log);
  log.target("relay").info("stopped");
  return exit_done;
}

}  // namespace relay::app
