#pragma once

#include <relay/base/ip.hpp>
#include <relay/forward/flow_key.hpp>
#include <relay/net/poller.hpp>
#include <relay/pump/datagrams.hpp>

namespace relay::forward {

class associations;

/// One datagram socket that clients send to, on one worker. Leads to the `associations` of a rule;
/// a reload may give it another, while the socket stays. Those that it has left may answer through
/// it as long as it is open.
class datagram_inlet final : public net::waiter {
 public:
  /// `nth`: which port of the endpoint's range. `is_first`: of the sockets at that port, so this
  /// one takes what is sent to many, of which each has a copy.
  datagram_inlet(associations& home, std::uint16_t nth, const ip_endpoint& at, bool is_first);
  ~datagram_inlet();

  error_code start(unique_fd listening);
  /// From now on to `next`, as its endpoint's `nth` port.
  void lead_to(associations& next, std::uint16_t nth) noexcept;
  /// Nobody is heard any more, nor answered.
  void close() noexcept;

  const ip_endpoint& at() const noexcept { return at_; }
  bool is_first() const noexcept { return is_first_; }

  std::uint16_t nth() const noexcept { return nth_; }
  int fd() const noexcept { return socket_.fd(); }
  /// The address of ours that a flow uses, for its answers.
  pump::own_address own_address(const flow_key& of) const noexcept { return {of.own, own_size_}; }

 private:
  void wake() override;

  associations* home_;
  net::watch socket_;
  pump::receiving reading_;
  ip_endpoint at_;
  std::uint16_t nth_;
  std::uint8_t own_size_ = 0;
  bool is_first_;
};

}  // namespace relay::forward
