#pragma once

#include <relay/forward/rule.hpp>
#include <relay/forward/warm_connection.hpp>
#include <relay/net/asio.hpp>
#include <relay/net/timer_wheel.hpp>

#include <cstdint>
#include <list>
#include <memory>
#include <random>
#include <utility>
#include <vector>

namespace relay::forward {

class lane;
struct step_outcome;

/// The connections that one worker keeps ready for the clients of one endpoint: makes them as they
/// are used up, replaces those that grow old, and drops those whose remote gets no clients. Used on
/// its worker only, but for the constructor.
class warm_pool final : private net::timer, private warm_connection::owner {
 public:
  /// `part`: how many of the endpoint's connections are kept here.
  warm_pool(lane& home, rule& by, std::size_t part);
  ~warm_pool();

  /// Begins, and looks after itself from then on.
  void start();
  /// One for a client of that remote, or null. It is handed over.
  std::unique_ptr<warm_connection> take(std::size_t remote);
  /// Gives all descriptors back: connections need them.
  void yield();
  /// The same for ever: no client comes any more.
  void close();
  /// Whether nothing of it is under way any more; it has been closed.
  bool is_over() const noexcept;

 private:
  // The connections to one remote, the oldest first.
  struct shelf {
    explicit shelf(std::chrono::milliseconds max_age) : policy(max_age) {}

    warm_policy policy;
    std::list<std::unique_ptr<warm_connection>> ready;
    std::size_t under_way = 0;
  };

  /// One that is being made, however that ends.
  class making {
   public:
    explicit making(shelf& of) noexcept : of_(&of) { ++of.under_way; }
    making(making&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    making& operator=(making&&) = delete;
    ~making() { end(); }

    void end() noexcept {
      if (auto* const of = std::exchange(of_, nullptr)) --of->under_way;
    }

   private:
    shelf* of_;
  };

  void expired() override;
  void lost(warm_connection& which) override;

  void follow_route();
  void look_after(std::size_t index);
  void refill(std::size_t index);
  task<> make(std::size_t index, route::claim told, making now,
              std::unique_ptr<warm_connection> made);
  void shelve(std::size_t index, std::unique_ptr<warm_connection> made, const ip_endpoint& to);
  void fail(std::size_t index, const step_outcome& why);
  void drop(shelf& from, std::size_t most);
  bool is_current(std::size_t index, const ip_address& address) const;
  double next_noise() { return std::uniform_real_distribution(-1.0, 1.0)(noise_); }

  lane& lane_;
  const rule_ptr keeps_alive_;
  rule& rule_;
  std::size_t part_;
  std::vector<shelf> shelves_;  // by remote; never moves
  std::uint32_t route_seen_ = 0;
  bool closed_ = true;
  std::minstd_rand noise_;
};

}  // namespace relay::forward
