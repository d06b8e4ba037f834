#pragma once

#include <relay/balance/selector.hpp>
#include <relay/base/error.hpp>
#include <relay/base/ip.hpp>
#include <relay/base/random.hpp>
#include <relay/config/config.hpp>

#include <spdlog/fwd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace relay::forward {

/// How one of an endpoint's remotes fares.
struct remote_state {
  enum class health : std::uint8_t {
    unknown,  ///< there is no other, so nobody judges it
    up,
    aside,   ///< it has failed and gets no connections
    unused,  ///< by its weight it never gets any
  };

  std::string name;
  health is = health::unknown;
  std::uint32_t share = 0;                 ///< of the connections at present
  std::chrono::milliseconds aside_for{0};  ///< how much longer; then it may be tried
};
std::string_view to_string(remote_state::health is) noexcept;

/// Which of an endpoint's remotes the next one goes to. Shared by all workers: one lock, taken once
/// per connection, and once more when something fails or has failed lately. An endpoint with one
/// candidate has no lock, no health and no lines.
class route {
 public:
  using clock = std::chrono::steady_clock;

  /// One connection's remote. It wants to be told how the connect ended, once; destroyed without,
  /// it counts as given up, which means neither.
  class claim {
   public:
    claim() = default;
    claim(claim&& other) noexcept
        : home_(std::exchange(other.home_, nullptr)), what_(other.what_), any_(other.any_) {}
    claim& operator=(claim&& other) noexcept;
    ~claim() { abandon(); }

    /// False when every candidate has been tried.
    explicit operator bool() const noexcept { return any_; }
    std::size_t index() const noexcept { return what_.index; }

    void succeeded();
    void failed(clock::time_point now, const error_code& why);
    /// The client has gone, the process ends, or there was no time left to try it fairly.
    void abandon() noexcept;

   private:
    friend class route;
    claim(route* home, const balance::choice& what) : home_(home), what_(what), any_(true) {}

    route* home_ = nullptr;  // null: nobody to be told
    balance::choice what_;
    bool any_ = false;
  };

  /// `log` is told when a remote is put aside and when it is back. `before`: of the same endpoint
  /// under older settings, whose remotes are as well as they were.
  route(const config::endpoint& from, spdlog::logger& log, route* before = nullptr,
        std::uint32_t seed = static_cast<std::uint32_t>(random_seed()));
  ~route();
  route(const route&) = delete;
  route& operator=(const route&) = delete;

  /// `tried`: what this connection has tried in vain.
  claim pick(const ip_address& client, clock::time_point now, const balance::tried_set& tried);
  /// The remote that somebody else has chosen; how its connect ends says nothing to the route.
  claim only(std::size_t index) const noexcept { return {nullptr, {index, 0, false}}; }
  /// For an association: the same sequence, without remotes that are aside, or that have refused
  /// datagrams a moment ago (unless all are).
  std::size_t pick_for_datagrams(const ip_address& client, clock::time_point now);
  /// Datagrams to a remote are refused, or there is no way to it. Says nothing of its connections.
  /// Whether there is another remote for them now.
  bool datagrams_failed(std::size_t index, clock::time_point now);
  /// A connection to a remote that is made before anybody wants it; how that ends is told like any
  /// other. False while the remote is aside.
  claim ahead(std::size_t index);
  /// Where connections go at present: each remote's share, 0 for those that get none now.
  std::vector<std::uint32_t> in_use();
  /// How each remote fares, in their order; without names where there is no choice.
  std::vector<remote_state> states(clock::time_point now) const;
  /// Another number whenever `in_use` may have changed.
  std::uint32_t changes() const noexcept;
  /// What is known of the health of each remote; empty where there is no choice.
  struct remote_health {
    std::string name;
    balance::health health;
  };
  std::vector<remote_health> remotes_health() const;
  /// Whether there is another remote to go on to when one fails.
  bool has_choice() const noexcept { return shared_ != nullptr; }

 private:
  struct shared;

  void inherit(const route& before);
  void succeeded(const balance::choice& which, clock::time_point now);
  void failed(const balance::choice& which, clock::time_point now, const error_code& why);
  void abandoned(const balance::choice& which);

  std::unique_ptr<shared> shared_;  // only where there is a choice
  std::size_t only_ = 0;            // otherwise
};

}  // namespace relay::forward
