#pragma once

#include "support/fake_stream.hpp"
#include "support/pump_bench.hpp"

#include <relay/pump/session.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace relay::test {

/// A session between two scripted streams, started, and what its owner was told.
struct session_bench : pump_bench, pump::session::owner {
  using milliseconds = std::chrono::milliseconds;

  /// `rate`: bytes per second, each way; 0: no limit.
  explicit session_bench(milliseconds half_close = std::chrono::seconds(10),
                         milliseconds idle = milliseconds(0), std::uint64_t rate = 0)
      : rates(rate, 0, now), running(shared, *this, half_close, idle) {
    if (rates.any()) running.limit(rates);
    running.start(client, remote);
  }
  void answered(pump::session& /*by*/) override { ++answers; }
  void ended(pump::session& /*over*/, pump::session_end why, const error_code& ec) override {
    end = why;
    error = ec;
  }
  /// As if both streams had something to say.
  void wake() {
    poller.schedule(running);
    run();
  }

  pump::byte_rates rates;
  fake_stream client;
  fake_stream remote;
  std::optional<pump::session_end> end;
  error_code error;
  int answers = 0;
  pump::session running;
};

}  // namespace relay::test
