#pragma once

#include <relay/net/alarms.hpp>
#include <relay/net/poller.hpp>
#include <relay/net/timer_wheel.hpp>
#include <relay/pump/pipe_pool.hpp>
#include <relay/transport/stream.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace relay::pump {

class socket_memory;

/// The copy buffer's size. A message up to this size is read and written whole.
constexpr std::size_t buffer_bytes = 64 * 1024;

/// What could not be written on: at most one buffer's worth per direction, and only while the
/// reader is slow. The stream finds its headroom in front of it, as it does in the buffer.
struct chunk {
  std::uint32_t at = 0;
  std::uint32_t end = 0;
  std::array<std::byte, transport::stream::headroom + buffer_bytes> bytes;

  std::size_t size() const noexcept { return end - at; }
  std::span<std::byte> rest() noexcept { return std::span(bytes).subspan(at, size()); }
};

/// What the sessions of one worker share: nothing of it stays with an idle session.
class workspace {
 public:
  /// `now`: the clock of its alarms.
  workspace(net::poller& poller, net::timer_wheel& wheel, pipe_budget& pipes,
            std::function<net::alarms::clock::time_point()> now = &net::alarms::clock::now);

  net::poller& poller() noexcept { return poller_; }
  net::timer_wheel& wheel() noexcept { return wheel_; }
  pipe_pool& pipes() noexcept { return pipes_; }
  /// What queues of sockets may hold; null: nobody asks.
  socket_memory* memory() noexcept { return memory_; }
  /// Before there are sessions; it outlives them.
  void bound_by(socket_memory& memory) noexcept { memory_ = &memory; }
  /// By the clock of its alarms.
  net::alarms::clock::time_point now() const { return now_(); }
  /// Made when it is asked for first, by who has a rate. Throws where `net::alarms` does.
  net::alarms& alarms();

  /// The buffer everybody reads into, with `stream::headroom` writable bytes in front.
  std::span<std::byte> buffer() noexcept {
    return std::span(*buffer_).subspan(transport::stream::headroom);
  }

  /// A copy of `data` (at most `buffer_bytes`).
  std::unique_ptr<chunk> keep(std::span<const std::byte> data);
  void give_back(std::unique_ptr<chunk> used);

 private:
  using scratch = std::array<std::byte, transport::stream::headroom + buffer_bytes>;
  static constexpr std::size_t spare_chunks = 8;

  net::poller& poller_;
  net::timer_wheel& wheel_;
  pipe_pool pipes_;
  std::function<net::alarms::clock::time_point()> now_;
  std::unique_ptr<net::alarms> alarms_;
  socket_memory* memory_ = nullptr;
  std::unique_ptr<scratch> buffer_;
  std::vector<std::unique_ptr<chunk>> spare_;
};

}  // namespace relay::pump
