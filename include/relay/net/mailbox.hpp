#pragma once

#include <relay/net/poller.hpp>

#include <functional>
#include <mutex>
#include <vector>

namespace relay::net {

/// What other threads want done on a worker, in order. It rings on the poller, where a busy worker
/// waits, so that nobody waits for Asio's turn.
class mailbox final : public waiter {
 public:
  /// Throws boost::system::system_error when the kernel gives no eventfd.
  explicit mailbox(poller& on);
  ~mailbox();

  /// From any thread. What is never run is destroyed with the mailbox.
  void put(std::function<void()> what);

 private:
  void wake() override;

  watch bell_;
  std::mutex mutex_;
  std::vector<std::function<void()>> waiting_;
};

}  // namespace relay::net
