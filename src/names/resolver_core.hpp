#pragma once

#include "name_lookup.hpp"

#include <relay/names/hosts_file.hpp>
#include <relay/names/resolver.hpp>
#include <relay/names/server_book.hpp>
#include <relay/names/server_trouble.hpp>

#include <mutex>

namespace relay::names {

/// What the resolver is made of. Everything is guarded by `mutex_`, but for what a seat keeps for
/// its own worker. A lookup for a key is a *flight*; who awaits one is a *waiter*.
class resolver::core {
 public:
  /// A suspended caller. Belongs to its worker: others reach it by posting there.
  struct waiter {
    waiter(asio::io_context& loop, std::size_t on) : worker(on), timer(loop) {}
    std::size_t worker;
    steady_timer timer;  // a condition variable; expires when the lookup is found slow
    std::optional<result<addresses>> answer;
    std::optional<result<addresses>> expired;  // to be served then
  };

  struct joined {
    std::optional<result<addresses>> answer;
    std::shared_ptr<waiter> waiting;  // when there is none
  };

  core(config::dns options, spdlog::logger& log, resolver_surroundings around);

  /// For what is posted or handed to a thread.
  void know_self(std::weak_ptr<core> self) { self_ = std::move(self); }
  void close();
  void attach(std::size_t worker, asio::io_context& loop);
  void detach(std::size_t worker);

  /// Keys are names in lower case.
  std::optional<result<addresses>> cached(const std::string& key);
  /// Finds an answer, or joins or starts the flight. On the worker.
  joined join(const std::string& key, std::size_t worker, bool anew);
  /// The same for somebody who does not wait.
  void refresh(const std::string& key, std::size_t worker);
  /// The waiter's timer has ended: what does its caller get?
  result<addresses> conclude(const std::string& key, waiter& who, const error_code& ec);

 private:
  using waiters = std::vector<std::shared_ptr<waiter>>;
  using time_point = dns_cache::time_point;

  struct flight {
    std::size_t worker;  // where it runs
    waiters waiting;
  };

  // One worker's part. But for `loop` only that worker touches it.
  struct seat {
    explicit seat(asio::io_context& on) : loop(on) {}
    asio::io_context& loop;
    std::shared_ptr<const upstream> asked;                // whom the last channel asks
    std::vector<std::shared_ptr<ares_channel>> channels;  // the last one; before it, busy old ones
    name_map<std::unique_ptr<name_lookup>> running;
  };

  // With the mutex held:
  std::optional<result<addresses>> local(std::string_view key, time_point now);
  seat* seat_of(std::size_t worker);
  template <class Work>
  void post_to(std::size_t worker, Work work);
  void leave(const std::string& key, const waiter& who);
  void deliver(waiters to, const result<addresses>& answer);
  void move_flights(std::size_t from, waiters& stranded);

  // On the worker, without the mutex:
  void start(const std::string& key, std::size_t worker);
  void set_out(const std::string& key, std::size_t worker);
  bool land(const std::string& key, std::size_t worker, dns_outcome outcome);
  void abandon(const std::string& key, std::size_t worker) noexcept;
  void reap(std::size_t worker);
  void begin(seat& at, name_lookup& one, const std::shared_ptr<const upstream>& ask, bool waiting);
  void finish(const std::string& key, std::size_t worker, dns_outcome outcome);
  void begin_waiting(std::size_t worker);
  void note(const server_report& what, std::size_t servers);

  void look_up_servers(std::vector<std::string> names);
  void servers_found(name_map<std::vector<ip_address>> found);
  time_point now() const;

  const config::dns options_;
  const resolver_surroundings around_;
  spdlog::logger& log_;
  std::weak_ptr<core> self_;

  std::mutex mutex_;
  bool closed_ = false;
  dns_cache cache_;
  hosts_file hosts_;
  server_book book_;
  server_trouble trouble_;
  std::vector<std::unique_ptr<seat>> seats_;  // by worker; null when not attached
  name_map<flight> flights_;
};

}  // namespace relay::names
