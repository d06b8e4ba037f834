#pragma once

#include <relay/net/fault.hpp>
#include <relay/net/poller.hpp>

#include <functional>
#include <mutex>
#include <vector>

namespace relay::net {

/// What other threads want done on a worker, in order. It rings on the poller, where a busy worker
/// waits, so that nobody waits for Asio's turn.
class mailbox final : public waiter {
 public:
  /// `fault` hears of what a function has thrown, which is kept from the others. Throws
  /// boost::system::system_error when the kernel gives no eventfd.
  explicit mailbox(poller& on, fault_handler fault = {});
  ~mailbox();

  /// From any thread. What is never run is destroyed with the mailbox. Takes no memory while few
  /// wait, but for what the function itself holds.
  void put(std::function<void()> what);
  /// Has the poller turn soon. From any thread; takes no memory.
  void ring() noexcept;

 private:
  void wake() override;

  watch bell_;
  fault_handler fault_;
  std::mutex mutex_;
  std::vector<std::function<void()>> waiting_;
  std::vector<std::function<void()>> spare_;  // empty, but for its memory; the worker's
};

}  // namespace relay::net
