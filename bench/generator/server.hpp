#pragma once

#include "histogram.hpp"
#include "loop.hpp"
#include "sockets.hpp"

#include <cstdint>
#include <list>
#include <memory>

namespace relay::bench {

/// What the remote of the programs under test has seen.
struct observations {
  std::uint64_t received = 0;  ///< bytes that were thrown away
  histogram age;               ///< of the chunks of paced senders
  std::uint64_t intact = 0;    ///< checked connections that were as they should be
  std::uint64_t broken = 0;
};

/// The remote: does for each connection what its first bytes ask for. It runs in the loop of the
/// clients, which saves switching between two processes on the generator's core.
class server final : public handler {
 public:
  server(loop& events, unique_fd listener);
  void ready(std::uint32_t events) override;
  observations seen;

 private:
  loop& events_;
  unique_fd listener_;
  std::list<std::unique_ptr<handler>> sessions_;
};

}  // namespace relay::bench
