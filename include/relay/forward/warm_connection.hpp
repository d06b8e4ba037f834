#pragma once

#include <relay/base/ip.hpp>
#include <relay/forward/admission.hpp>
#include <relay/forward/warm_policy.hpp>
#include <relay/pump/workspace.hpp>
#include <relay/transport/layers.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace relay::forward {

/// The descriptor of a connection that is made ahead, booked until a client's place pays for it.
class warm_booking {
 public:
  /// Nothing when connections need the descriptors.
  static std::optional<warm_booking> make(admission& door) {
    if (!door.spare_warm()) return std::nullopt;
    return warm_booking(door);
  }
  warm_booking(warm_booking&& other) noexcept : door_(std::exchange(other.door_, nullptr)) {}
  warm_booking& operator=(warm_booking&&) = delete;
  ~warm_booking() { release(); }
  void release() noexcept {
    if (auto* const door = std::exchange(door_, nullptr)) door->return_warm();
  }

 private:
  explicit warm_booking(admission& door) noexcept : door_(&door) {}

  admission* door_;
};

/// A connection to a remote, made before its client: its socket, and the layers whose handshakes
/// are done. While it waits it notices what makes it useless, and keeps what the remote says first.
/// From `hand_over` on it is only the place where the streams live.
class warm_connection final : private net::waiter {
 public:
  /// Told when the remote has ended, reset, or sent what nobody understands. May destroy it.
  class owner {
   public:
    virtual void lost(warm_connection& which) = 0;

   protected:
    ~owner() = default;
  };

  warm_connection(pump::workspace& shared, warm_booking paid);
  ~warm_connection();

  transport::plain_stream& bare() noexcept { return bare_; }
  transport::layered& over() noexcept { return over_; }
  const ip_endpoint& to() const noexcept { return to_; }
  const warm_policy::life& life() const noexcept { return life_; }

  /// It is connected, and what can be done without a client is done.
  void wait(owner& told, const ip_endpoint& to, const warm_policy::life& life);
  /// Asks the kernel whether a client may have it.
  bool is_fit();
  /// Now it belongs to a client.
  void hand_over();
  /// What the remote has said meanwhile and is not in the socket any more. Once.
  std::vector<std::byte> heard() noexcept { return std::move(heard_); }

 private:
  void wake() override;
  bool is_alive();
  bool listen();

  pump::workspace& shared_;
  warm_booking paid_;
  transport::plain_stream bare_;
  transport::layered over_{bare_};
  owner* told_ = nullptr;  // while it waits
  ip_endpoint to_;
  warm_policy::life life_{};
  std::vector<std::byte> heard_;
};

}  // namespace relay::forward
