#include <relay/base/log.hpp>
#include <relay/forward/session_log.hpp>

#include <spdlog/logger.h>

namespace relay::forward {

session_log::session_log(logs& log, std::function<void()> storm_begins)
    : tcp_(log.target("realm_core::tcp")),
      middle_(log.target("realm_core::tcp::middle")),
      socket_(log.target("realm_core::tcp::socket")),
      session_(log.target("relay::session")),
      storm_begins_(std::move(storm_begins)) {}

void session_log::established(const rule& to, const ip_endpoint& client, const ip_endpoint& as) {
  if (!middle_.should_log(spdlog::level::info)) return;  // making the text costs more than the test
  middle_.info("[tcp]{} => {} as {}", client.to_string(), to.name(), as.to_string());
}

void session_log::address_failed(const rule& to, const ip_endpoint& as, const char* step,
                                 const error_code& ec) {
  const auto which = to.name() + " as " + as.to_string();
  if (!socket_.should_log(spdlog::level::warn) || !admits(socket_, which, step, ec)) return;
  if (ec == errc::timed_out) {
    socket_.warn("[tcp]connect to {} timeout, try next ip", which);
  } else {
    socket_.warn("[tcp]connect to {}: {}: {}, try next ip", which, step, describe(ec));
  }
}

void session_log::gave_up(const rule& to, const ip_endpoint& client, const char* phase,
                          const error_code& ec) {
  if (!tcp_.should_log(spdlog::level::err) || !admits(tcp_, to.name(), phase, ec)) return;
  tcp_.error("[tcp]{} => {}, error: {}: {}", client.to_string(), to.name(), phase, describe(ec));
}

void session_log::done(const rule& to, const session_summary& how) {
  if (!session_.should_log(spdlog::level::debug)) return;
  const auto error = how.error ? " error=\"" + describe(how.error) + '"' : std::string();
  session_.debug("session done id={} client={} remote={} up={} down={} ms={} end={}{}", how.id,
                 how.client.to_string(), to.name(), how.up, how.down, how.lasted.count(),
                 pump::to_string(how.end), error);
}

void session_log::accept_failed(const std::string& listen, const error_code& ec) {
  if (!tcp_.should_log(spdlog::level::err) || !admits(tcp_, listen, "accepting", ec)) return;
  tcp_.error("[tcp]failed to accept: {} (on {}; trying again)", describe(ec), listen);
}

bool session_log::admits(spdlog::logger& to, const std::string& endpoint, const char* phase,
                         const error_code& ec) {
  bool begins = false;
  bool written = false;
  {
    const std::lock_guard lock(mutex_);
    begins = storm_.empty();
    written = storm_.record({&to == &socket_, endpoint, phase, describe(ec)}, storm::clock::now());
  }
  if (begins) storm_begins_();
  return written;
}

bool session_log::write_summaries(storm::clock::time_point now) {
  std::vector<storm::summary> due;
  bool more = false;
  {
    const std::lock_guard lock(mutex_);
    due = storm_.due(now);
    more = !storm_.empty();
  }
  write(due);
  return more;
}

void session_log::write_final_summaries() {
  std::vector<storm::summary> rest;
  {
    const std::lock_guard lock(mutex_);
    rest = storm_.rest(storm::clock::now());
  }
  write(rest);
}

void session_log::write(const std::vector<storm::summary>& summaries) {
  for (const auto& [what, times, during] : summaries) {
    auto& to = what.warning ? socket_ : tcp_;
    to.log(what.warning ? spdlog::level::warn : spdlog::level::err,
           "[tcp]{}: {}: {}: {} more times in {} s", what.endpoint, what.phase, what.error, times,
           during.count());
  }
}

}  // namespace relay::forward
