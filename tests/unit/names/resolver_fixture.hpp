#pragma once

#include "support/coro_test.hpp"
#include "support/name_server.hpp"
#include "support/scratch_directory.hpp"

#include <relay/names/resolver.hpp>

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

namespace relay::test {

using namespace std::chrono_literals;

/// A clock that a test moves; read from every worker.
class manual_clock {
 public:
  std::chrono::steady_clock::time_point now() const {
    return std::chrono::steady_clock::time_point(std::chrono::hours(1000) +
                                                 std::chrono::milliseconds(passed_.load()));
  }
  void advance(std::chrono::milliseconds by) { passed_ += by.count(); }

 private:
  std::atomic<std::int64_t> passed_{0};
};

/// One loop, worker 0, and a resolver whose surroundings are the test's: no file of the machine
/// is read and the clock of the cache stands still. What a test is to run into it makes short; all
/// else is long, for machines that are busy.
class ResolverTest : public ::testing::Test {
 protected:
  ResolverTest() {
    around_.resolv_conf = around_.hosts = "/nonexistent";
    around_.slow = around_.grace = around_.try_timeout.emplace(4000ms);
    around_.total = 8000ms;
    around_.now = [this] { return clock_.now(); };
  }
  ~ResolverTest() override { finish(); }

  void ask(const name_server& server) {
    const auto to = server.endpoint();
    host_port given{to.address.to_string(), to.address, {to.port, to.port}};
    dns_.nameservers.push_back(given);
  }
  names::resolver& resolver() {
    if (!resolver_) {
      resolver_ = std::make_unique<names::resolver>(dns_, log_, around_);
      resolver_->attach(0, loop_);
    }
    return *resolver_;
  }
  void finish() {
    if (resolver_) resolver_->detach(0);
    resolver_.reset();
  }

  /// One lookup from start to end; the addresses as text, or the error.
  std::vector<std::string> lookup(const std::string& name) {
    std::vector<std::string> made;
    auto& asked = resolver();
    run_on(loop_, [&]() -> task<> {
      const auto found = co_await asked.lookup(name, 0);
      made = text(found);
    });
    return made;
  }
  /// The same past the cache.
  std::vector<std::string> lookup_anew(const std::string& name) {
    std::vector<std::string> made;
    auto& asked = resolver();
    run_on(loop_, [&]() -> task<> {
      const auto found = co_await asked.lookup_anew(name, 0);
      made = text(found);
    });
    return made;
  }
  std::vector<std::string> cached(const std::string& name) {
    const auto known = resolver().cached(name);
    return known ? text(*known) : std::vector<std::string>{"nothing"};
  }
  static std::vector<std::string> text(const result<names::addresses>& found) {
    std::vector<std::string> made;
    if (!found) {
      made.push_back(found.error().message());
      return made;
    }
    for (const auto& each : **found) made.push_back(each.to_string());
    return made;
  }
  static std::vector<std::string> error(errc code) {
    return std::vector<std::string>(1, make_error_code(code).message());
  }
  int warnings() const {
    const auto lines = lines_.str();
    return static_cast<int>(std::ranges::count(lines, '\n'));
  }

  asio::io_context loop_{1};
  config::dns dns_;
  names::resolver_surroundings around_;
  manual_clock clock_;
  std::ostringstream lines_;
  spdlog::logger log_{"dns", std::make_shared<spdlog::sinks::ostream_sink_mt>(lines_)};
  std::unique_ptr<names::resolver> resolver_;
};

/// A script for one address per family: A gives `v4`, AAAA gives `v6`; empty: no data.
inline name_server::script answering(std::string v4, std::string v6, std::uint32_t ttl = 60) {
  return [=](const dns_query& query) {
    dns_response made(query);
    const auto& ip = query.type == type_a ? v4 : v6;
    if (ip.empty()) {
      made.soa(60, 60);
    } else {
      made.address(ip, ttl);
    }
    return std::vector<bytes>(1, made.as_bytes());
  };
}

}  // namespace relay::test
