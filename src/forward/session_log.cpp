#include <relay/base/log.hpp>
#include <relay/base/units.hpp>
#include <relay/config/label.hpp>
#include <relay/forward/session_log.hpp>
#include <relay/transport/tls_error.hpp>

#include <spdlog/logger.h>

#include <algorithm>

namespace relay::forward {
namespace {

// What a header says, in realm's words.
std::string told_by(const wire::proxy_header& header) {
  const auto to_text = [](const wire::proxy_addresses& of) {
    return of.source.to_string() + " => " + of.destination.to_string();
  };
  if (header.version == 1) return header.addresses ? to_text(*header.addresses) : "unknown";
  if (header.command == wire::proxy_command::local) return "command = LOCAL, ignore";
  switch (header.transport) {
    case wire::proxy_transport::unspecified:
      return "protocol = UNSPEC, ignore";
    case wire::proxy_transport::datagram:
      return "protocol = DGRAM, ignore";
    case wire::proxy_transport::stream:
      break;
  }
  if (header.addresses) return to_text(*header.addresses);
  return header.family == wire::proxy_family::unix_path ? "af_family = AF_UNIX, ignore"
                                                        : "af_family = AF_UNSPEC, ignore";
}

// Ends that may have cost bytes, or that a peer has to be blamed for.
bool is_remarkable(end_reason why) {
  return why == end_reason::truncated || why == end_reason::flood;
}

// What is no step's failure but somebody's decision has no phase.
std::string told_of(std::string_view phase, std::string_view why) {
  return phase.empty() ? std::string(why) : std::string(phase) + ": " + std::string(why);
}

}  // namespace

std::string path_name::label() const { return config::endpoint_label(listen(), by.endpoint_name); }

session_log::session_log(logs& log, config::dialect rules, std::function<void()> storm_begins)
    : tcp_(log.target("realm_core::tcp")),
      middle_(log.target("realm_core::tcp::middle")),
      socket_(log.target("realm_core::tcp::socket")),
      proxy_(log.target("realm_core::tcp::proxy")),
      udp_(log.target("realm_core::udp")),
      udp_middle_(log.target("realm_core::udp::middle")),
      session_(log.target("relay::session")),
      as_realm_(rules == config::dialect::realm),
      storm_begins_(std::move(storm_begins)) {}

bool session_log::wants_times() const noexcept {
  return session_.should_log(as_realm_ ? spdlog::level::debug : spdlog::level::info);
}

void session_log::established(const path_name& path, const ip_endpoint& client,
                              const ip_endpoint& as, bool warm) {
  const auto level = as_realm_ ? spdlog::level::info : spdlog::level::debug;
  if (!middle_.should_log(level)) return;  // making the text costs more than the test
  middle_.log(level, "[tcp]{} => {} as {}{}", client.to_string(), path.to(), as.to_string(),
              warm ? " (warm)" : "");
}

void session_log::address_failed(const path_name& path, const step_outcome& how, bool has_next) {
  if (!socket_.should_log(spdlog::level::warn)) return;
  const auto address = " as " + how.at.to_string();
  const auto endpoint = name_of(path.by, path.by.remotes[path.remote].name) + address;
  const auto why = how.text();
  if (!admits({true, endpoint, how.phase, why})) return;
  const auto which = path.to() + address;
  const auto where = on(path);
  // realm promises a next one of the last as well.
  const auto* const then = as_realm_ || has_next ? ", try next ip" : ", no other address";
  if (!as_realm_ && path.by.remotes[path.remote].address) {
    // It is an address: there is no other, and the line need not say it twice.
    socket_.warn("[tcp]connect to {}: {}{}", path.to(),
                 how.phase == std::string_view("connecting") ? why : told_of(how.phase, why),
                 where);
  } else if (how.ec == errc::timed_out) {
    socket_.warn("[tcp]connect to {} timeout{}{}", which, then, where);
  } else {
    socket_.warn("[tcp]connect to {}: {}: {}{}{}", which, how.phase, why, then, where);
  }
}

void session_log::gave_up(const path_name& path, const client_name& client, const char* phase,
                          std::string_view why) {
  if (!admits(path, kind::error, phase, why)) return;
  tcp_.error("[tcp]{} => {}, error: {}{}", client.to_string(), path.to(), told_of(phase, why),
             on(path));
}

void session_log::handed_over(const path_name& path, const client_name& client, const char* phase,
                              std::string_view why) {
  if (!session_.should_log(spdlog::level::debug)) return;
  session_.debug("{} is handed over to {}: {}{}", client.to_string(), path.to(),
                 told_of(phase, why), on(path));
}

void session_log::warm_trouble(const rule& of, std::size_t remote, const char* phase,
                               std::string_view why) {
  if (!session_.should_log(spdlog::level::debug)) return;
  session_.debug("{}: no connections are kept ready for now: {}{}", of.remotes[remote].name,
                 told_of(phase, why), on(of));
}

void session_log::warm_again(const rule& of, std::size_t remote) {
  if (!session_.should_log(spdlog::level::debug)) return;
  session_.debug("{}: connections are kept ready again{}", of.remotes[remote].name, on(of));
}

void session_log::warm_useless(const path_name& path, const char* phase, std::string_view why) {
  if (!session_.should_log(spdlog::level::debug)) return;
  session_.debug("{}: a connection that was ready is of no use, dialling: {}{}",
                 path.by.remotes[path.remote].name, told_of(phase, why), on(path));
}

void session_log::header_accepted(const wire::proxy_header& header) {
  const auto level = as_realm_ ? spdlog::level::info : spdlog::level::debug;
  if (!proxy_.should_log(level)) return;
  proxy_.log(level, "[tcp]accept proxy-protocol-v{}: {}", header.version, told_by(header));
}

void session_log::client_verified(const path_name& path, const ip_endpoint& client,
                                  const std::string& name) {
  if (!session_.should_log(spdlog::level::debug)) return;
  session_.debug("client verified client={}{} certificate=\"{}\"", client.to_string(),
                 text_of(path).to_string(), name);
}

void session_log::untrusted(const path_name& path, const ip_endpoint& sender) {
  path.by.own().errors.add("reading the PROXY header", "none of trusted_proxies");
  if (!tcp_.should_log(spdlog::level::err)) return;
  tcp_.error(
      "[tcp]{} => {}, error: {} is not one of `trusted_proxies`; further refusals of this sender "
      "are not logged{}",
      sender.to_string(), path.to(), sender.address.to_string(), on(path));
}

void session_log::certificates(const rule& of, const transport::tls_refresh& seen) {
  if (!seen.problem.empty()) {
    tcp_.error("[tcp]{}: the certificate in use stays: {}{}", of.name(), seen.problem, on(of));
  } else if (seen.renewed) {
    session_.info("{}: new connections get the changed certificate{}", of.name(), on(of));
  }
  if (!seen.warning.empty()) session_.warn("{}: {}{}", of.name(), seen.warning, on(of));
}

// In TLS 1.3 a remote that misses our certificate says so when the handshake is over on this side.
void session_log::tell_refusal(const path_name& path, const session_summary& how) {
  if (how.down != 0 || !transport::is_refusal(how.error)) return;
  const auto why = describe(how.error);
  if (!admits(path, kind::error, "TLS", why)) return;
  tcp_.error("[tcp]{} => {}, error: TLS: {}{}", how.client.to_string(), path.to(), why, on(path));
}

void session_log::done(const path_name& path, const session_summary& how) {
  tell_refusal(path, how);
  const bool cost =
      how.has_lost || how.end == end_reason::half_close_timeout || is_remarkable(how.end);
  // Under realm's name only what cost somebody bytes is worth a line beside realm's own.
  const auto level = as_realm_ && !cost ? spdlog::level::debug : spdlog::level::info;
  if (!session_.should_log(level) || !has_room(cost || how.error)) return;
  session_.log(level, "{}", session_line(how, text_of(path)));
}

void session_log::unanswered(const path_name& path, const session_summary& how,
                             std::chrono::milliseconds half_close_timeout) {
  constexpr auto* why = "no answer came within half_close_timeout, cut off";
  if (!session_.should_log(spdlog::level::warn) || !admits(path, kind::warning, "", why)) return;
  session_.warn("{} => {}: the client had ended; {} after {}{}", how.client.client.to_string(),
                path.to(), why, print_duration(half_close_timeout), on(path));
}

void session_log::broke(const path_name& path, const ip_endpoint& client, const char* why) {
  session_.error("{} => {}: given up: {}{}", client.to_string(), path.to(), why, on(path));
}

void session_log::accept_failed(rule& by, const ip_endpoint& listen, const error_code& ec) {
  by.errors.add("accepting", describe(ec));
  if (!tcp_.should_log(spdlog::level::err) ||
      !admits({false, listen.to_string(), "accepting", describe(ec)})) {
    return;
  }
  const auto where =
      config::endpoint_label(listen.to_string(), as_realm_ ? std::string() : by.endpoint_name);
  tcp_.error("[tcp]failed to accept: {} (on {}; trying again)", describe(ec), where);
}

std::string session_log::name_of(const rule& by, const std::string& remote) const {
  return as_realm_ ? remote : by.label() + " => " + remote;
}

std::string session_log::on(const path_name& path) const {
  return as_realm_ ? std::string() : " (on " + path.label() + ')';
}

std::string session_log::on(const rule& of) const {
  return as_realm_ ? std::string() : " (on " + of.label() + ')';
}

path_text session_log::text_of(const path_name& path) const {
  return {path.listen(), as_realm_ ? std::string() : path.by.endpoint_name, path.to()};
}

bool session_log::admits(const path_name& path, kind what, std::string_view phase,
                         std::string_view why, bool datagrams) {
  const bool is_warning = what == kind::warning;
  path.by.own().errors.add(phase, why);
  const auto level = is_warning ? spdlog::level::warn : spdlog::level::err;
  if (!(datagrams ? udp_ : tcp_).should_log(level)) return false;
  return admits({is_warning, name_of(path.by, path.by.remotes[path.remote].name),
                 std::string(phase), std::string(why), datagrams});
}

bool session_log::admits(storm::key what) {
  bool begins = false;
  bool written = false;
  {
    const std::lock_guard lock(mutex_);
    begins = storm_.empty();
    written = storm_.record(what, storm::clock::now());
  }
  if (begins) storm_begins_();
  return written;
}

// At `debug` nothing is left out, and under realm's name there was no line to begin with.
bool session_log::has_room(bool is_remarkable) {
  if (as_realm_ || session_.should_log(spdlog::level::debug)) return true;
  const auto what = is_remarkable ? line_budget::kind::remarkable : line_budget::kind::ordinary;
  bool begins = false;
  bool written = false;
  {
    const std::lock_guard lock(mutex_);
    const bool owed = budget_.owes();
    written = budget_.admit(what, line_budget::clock::now());
    begins = !owed && budget_.owes();
  }
  if (begins) storm_begins_();
  return written;
}

bool session_log::write_summaries(storm::clock::time_point now) {
  std::vector<storm::summary> due;
  std::optional<line_budget::summary> left_out;
  bool more = false;
  {
    const std::lock_guard lock(mutex_);
    due = storm_.due(now);
    left_out = budget_.due(now);
    more = !storm_.empty() || budget_.owes();
  }
  write(due);
  write(left_out);
  return more;
}

void session_log::write_final_summaries() {
  std::vector<storm::summary> rest;
  std::optional<line_budget::summary> left_out;
  {
    const std::lock_guard lock(mutex_);
    rest = storm_.rest(storm::clock::now());
    left_out = budget_.rest(storm::clock::now());
  }
  write(rest);
  write(left_out);
}

void session_log::write(const std::vector<storm::summary>& summaries) {
  for (const auto& [what, times, during] : summaries) {
    auto& streams = what.warning ? socket_ : tcp_;
    auto& to = what.datagrams ? udp_ : streams;
    to.log(what.warning ? spdlog::level::warn : spdlog::level::err, "[{}]{}: {}: {} in {} s",
           what.datagrams ? "udp" : "tcp", what.endpoint, told_of(what.phase, what.error),
           times == 1 ? std::string("once more") : std::to_string(times) + " more times",
           during.count());
  }
}

void session_log::write(const std::optional<line_budget::summary>& left_out) {
  if (!left_out) return;
  session_.info("{} more sessions ended in {} s than have a line", left_out->left_out,
                left_out->during.count());
}

}  // namespace relay::forward
