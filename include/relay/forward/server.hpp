#pragma once

#include <relay/config/config.hpp>
#include <relay/config/load.hpp>
#include <relay/forward/admission.hpp>
#include <relay/forward/binding.hpp>
#include <relay/forward/change.hpp>
#include <relay/forward/hook_thread.hpp>
#include <relay/forward/lane.hpp>
#include <relay/forward/live_endpoint.hpp>
#include <relay/forward/own_listener.hpp>
#include <relay/forward/rule.hpp>
#include <relay/forward/sessions.hpp>
#include <relay/net/device_watch.hpp>
#include <relay/net/inherited_socket.hpp>
#include <relay/net/timer_wheel.hpp>
#include <relay/net/worker.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace relay::forward {

struct server_options {
  std::size_t workers = 1;
  std::size_t pipe_bytes = std::size_t{1} << 20;  ///< wished capacity of a splice pipe
  names::resolver_surroundings names;             ///< tests give files and bounds of their own
  /// Sockets that another process has bound; each serves the endpoint of its address and protocol.
  std::vector<net::inherited_socket> inherited;
  std::optional<std::string> credentials;  ///< the value of `$CREDENTIALS_DIRECTORY`
  std::optional<forward::hook> hook;       ///< asked about every TCP client, on a thread of its own
  /// Called on a worker, and not to be waited for, when many connections have ended and it has
  /// become calm: what they have left to the allocator may be given back.
  std::function<void()> calm;
};

/// Why an endpoint does not listen.
struct bind_failure {
  std::size_t endpoint = 0;  ///< index into the settings
  std::string message;       ///< `cannot listen on 127.0.0.1:80: binding: permission denied`
};

/// The relay: the endpoints of a configuration on a pool of workers. One thread makes it, binds,
/// starts, drains and stops it, in that order; while it runs another configuration may take the
/// place of the first.
class server {
 public:
  /// `log` outlives it. Throws config::config_error with all that keeps transports
  /// from being used, such as a missing certificate.
  server(const config::settings& settings, logs& log, server_options options);
  /// Stops it, if that has not been done.
  ~server();
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// What an operator should know of the certificates; told once, by whoever starts it.
  const std::vector<config::problem>& warnings() const noexcept { return warnings_; }

  /// Opens every listener. An endpoint that fails is left out; the others serve.
  std::vector<bind_failure> bind();
  /// After that: the inherited sockets that fit no endpoint, no longer ours.
  std::vector<net::inherited_socket> take_unwanted();
  /// Where each endpoint listens (the first port of a range); nothing for one that failed or that
  /// has neither TCP nor UDP.
  std::optional<ip_endpoint> bound(std::size_t endpoint) const { return live_[endpoint].at; }
  std::size_t bound_count() const noexcept;

  /// In place of the option; before it starts.
  void on_calm(std::function<void()> calm) { options_.calm = std::move(calm); }
  /// Called on a worker when a device that listeners are bound to has gone, or has come back as
  /// another one: `lose_device` is to be called, and the listeners opened anew. Before it starts.
  void on_device(std::function<void(const std::string& device)> changed) {
    device_changed_ = std::move(changed);
  }
  /// Starts the threads.
  void start();
  /// Stops accepting; `drained` is called once, on any thread, when no connection is left.
  void drain(std::function<void()> drained);
  /// Ends what is left as resets and joins the threads.
  void stop();
  /// Once it has stopped: a call of the hook has not returned. The process must not tidy up then.
  bool hook_hangs() const noexcept { return hook_hangs_; }

  /// Makes another configuration ready to be applied: reads its certificates, resolves its names,
  /// opens its listeners. What runs is not touched. On any thread, but not beside `apply`; may take
  /// as long as a name server. All that is wrong comes with it; then it cannot be applied.
  std::unique_ptr<change> prepare(config::settings next) const;
  /// Applies it, while it runs: on each worker between two turns. `applied` is called once, on a
  /// worker, when all go by it.
  void apply(std::unique_ptr<change> what, std::function<void()> applied);
  /// What is in force.
  const config::settings& settings() const noexcept { return settings_; }
  /// The listeners at that device hear nothing any more: their endpoints are deaf from now on,
  /// until the settings in force are prepared and applied once more.
  void lose_device(const std::string& device);
  /// Endpoints that should listen and do not: indices into the settings.
  std::vector<std::size_t> deaf() const;
  std::string_view why_deaf(std::size_t endpoint) const { return live_[endpoint].failure; }

  /// How each worker fares, at any moment.
  std::vector<net::pulse> pulses() const;
  /// Has a worker turn once, if it can.
  void nudge(std::size_t worker) {
    workers_[worker]->post([] {});
  }
  /// What a worker that runs has used of the processors.
  std::chrono::milliseconds processor_time(std::size_t worker);
  /// Whether every worker turns, now or within `limit`; stop() waits for one that does not.
  bool turn_within(std::chrono::milliseconds limit);

  /// While it runs: adds up what every endpoint that listens has done and does, in the order of the
  /// settings. `told` is called once, on a worker, when all workers have said their part.
  void add_up(std::function<void(std::vector<endpoint_totals>)> told);

  // Likewise while it runs, on the thread that started it; `told` is called as for `add_up`.

  /// The sessions and associations that match, the oldest `most` of them.
  void sessions(const session_filter& filter, std::size_t most,
                std::function<void(session_list)> told);
  /// Ends one, as `killed`. `told` hears whether there was one of that number.
  void kill(std::uint64_t id, std::function<void(bool)> told);
  /// The endpoint of that name or `listen`, of those that listen.
  std::optional<std::size_t> find_endpoint(std::string_view called) const;
  /// Closes its listeners, for good: new clients are refused, sessions go on to their end.
  void drain_endpoint(std::size_t endpoint, std::function<void()> told);

  const counters& count(std::size_t endpoint) const { return live_[endpoint].by->count; }
  std::size_t connections() const noexcept { return door_ ? door_->connections() : 0; }
  /// With those that have ended and whose port rests.
  std::size_t booked_associations() const noexcept { return door_ ? door_->associations() : 0; }
  /// Connections per worker.
  std::vector<std::uint32_t> loads() const;

 private:
  class storm_watch;
  class preparation;

  std::optional<std::string> bind_one(std::size_t index);
  void make_lanes();
  void listen();
  void keep_warm(rule& of);
  void watch_devices();
  void device_changed(const std::string& device, net::device_watch::event what);
  void listen_share(rule& of, std::vector<new_listener>& all, std::size_t nth, std::size_t shares);
  void tell_when_drained();
  std::size_t affordable_descriptors() const;

  config::settings settings_;
  std::vector<config::problem> warnings_;
  logs& log_;
  server_options options_;
  std::vector<live_endpoint> live_;                // by index into the settings
  std::vector<std::vector<new_listener>> opened_;  // likewise; until it starts

  // In the order of destruction backwards: lanes use all that stands before them.
  std::unique_ptr<admission> door_;
  std::unique_ptr<pump::pipe_budget> pipes_;
  std::unique_ptr<pump::socket_memory> memory_;
  std::unique_ptr<names::resolver> names_;
  std::unique_ptr<session_log> session_log_;
  std::unique_ptr<hook_thread> hooks_;
  bool hook_hangs_ = false;
  std::atomic<std::uint64_t> next_id_{0};
  std::vector<std::unique_ptr<net::worker>> workers_;
  std::unique_ptr<storm_watch> storm_watch_;         // on the first worker
  std::unique_ptr<net::device_watch> device_watch_;  // likewise
  std::map<std::string, std::string> listening_at_;  // which addresses, by device; likewise
  std::function<void(const std::string&)> device_changed_;
  std::vector<std::unique_ptr<lane>> lanes_;
  std::vector<lane*> all_lanes_;
  std::vector<std::thread> threads_;

  std::atomic<bool> draining_{false};
  std::atomic<std::size_t> lanes_listening_{0};  // counts down while draining
  std::function<void()> drained_;
};

}  // namespace relay::forward
