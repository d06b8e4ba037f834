#pragma once

#include "histogram.hpp"
#include "stage.hpp"

#include <cstdint>
#include <vector>

namespace relay::bench {

struct exchange_plan {
  std::uint32_t ask;
  std::uint32_t answer;
  bool lasting;  ///< one connection for all exchanges, else one for each
};

struct exchange_totals {
  std::uint64_t done = 0;
  std::uint64_t errors = 0;
  histogram latency;  ///< first byte of the request (or connect) to last byte of the response
};

/// A client that asks, waits for the whole answer and asks again; redials what breaks.
class exchange_client final : public handler {
 public:
  exchange_client(stage& at, const exchange_plan& plan, exchange_totals& totals);
  void ready(std::uint32_t events) override;

 private:
  int fd() const noexcept { return socket_.get(); }
  void start();
  void ask();
  bool send_rest();
  bool take();
  void finish();

  stage& at_;
  exchange_plan plan_;
  exchange_totals& totals_;
  unique_fd socket_;
  std::vector<char> greeting_;  // the request's head and the first request
  std::uint64_t unsent_ = 0;
  bool greeted_ = false;
  bool waiting_ = true;  // for room to send
  std::uint64_t missing_ = 0;
  steady::time_point begun_;
};

}  // namespace relay::bench
