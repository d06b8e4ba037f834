#include <relay/base/log.hpp>
#include <relay/base/units.hpp>
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
bool is_remarkable(pump::end_reason why) {
  return why == pump::end_reason::truncated || why == pump::end_reason::flood;
}

// What is no step's failure but somebody's decision has no phase.
std::string told_of(std::string_view phase, std::string_view why) {
  return phase.empty() ? std::string(why) : std::string(phase) + ": " + std::string(why);
}

}  // namespace

std::string client_name::to_string() const {
  return via ? client.to_string() + " via " + via->to_string() : client.to_string();
}

session_log::session_log(logs& log, std::function<void()> storm_begins)
    : tcp_(log.target("realm_core::tcp")),
      middle_(log.target("realm_core::tcp::middle")),
      socket_(log.target("realm_core::tcp::socket")),
      proxy_(log.target("realm_core::tcp::proxy")),
      udp_(log.target("realm_core::udp")),
      udp_middle_(log.target("realm_core::udp::middle")),
      session_(log.target("relay::session")),
      storm_begins_(std::move(storm_begins)) {}

void session_log::established(const std::string& remote, const ip_endpoint& client,
                              const ip_endpoint& as, bool warm) {
  if (!middle_.should_log(spdlog::level::info)) return;  // making the text costs more than the test
  middle_.info("[tcp]{} => {} as {}{}", client.to_string(), remote, as.to_string(),
               warm ? " (warm)" : "");
}

void session_log::address_failed(const std::string& remote, const ip_endpoint& as, const char* step,
                                 const error_code& ec) {
  const auto which = remote + " as " + as.to_string();
  if (!socket_.should_log(spdlog::level::warn) || !admits(socket_, which, step, describe(ec)))
    return;
  if (ec == errc::timed_out) {
    socket_.warn("[tcp]connect to {} timeout, try next ip", which);
  } else {
    socket_.warn("[tcp]connect to {}: {}: {}, try next ip", which, step, describe(ec));
  }
}

void session_log::gave_up(const rule& to, const client_name& client, const char* phase,
                          std::string_view why) {
  if (!tcp_.should_log(spdlog::level::err) || !admits(tcp_, to.name(), phase, why)) return;
  tcp_.error("[tcp]{} => {}, error: {}", client.to_string(), to.name(), told_of(phase, why));
}

void session_log::handed_over(const rule& to, const client_name& client, const char* phase,
                              std::string_view why) {
  if (!session_.should_log(spdlog::level::debug)) return;
  session_.debug("{} is handed over to {}: {}", client.to_string(), to.name(), told_of(phase, why));
}

void session_log::warm_trouble(const std::string& remote, const char* phase, std::string_view why) {
  session_.debug("{}: no connections are kept ready for now: {}", remote, told_of(phase, why));
}

void session_log::warm_again(const std::string& remote) {
  session_.debug("{}: connections are kept ready again", remote);
}

void session_log::warm_useless(const std::string& remote, const char* phase, std::string_view why) {
  session_.debug("{}: a connection that was ready is of no use, dialling: {}", remote,
                 told_of(phase, why));
}

void session_log::header_accepted(const wire::proxy_header& header) {
  if (!proxy_.should_log(spdlog::level::info)) return;
  proxy_.info("[tcp]accept proxy-protocol-v{}: {}", header.version, told_by(header));
}

void session_log::client_verified(const rule& to, const ip_endpoint& client,
                                  const std::string& name) {
  session_.debug("client verified client={} remote={} certificate=\"{}\"", client.to_string(),
                 to.name(), name);
}

void session_log::untrusted(const rule& to, const ip_endpoint& sender) {
  if (!tcp_.should_log(spdlog::level::err)) return;
  tcp_.error("[tcp]{} => {}, error: {} is none of `trusted_proxies`; not said again of this sender",
             sender.to_string(), to.name(), sender.address.to_string());
}

void session_log::certificates(const rule& of, const transport::tls_refresh& seen) {
  if (!seen.problem.empty()) {
    tcp_.error("[tcp]{}: the certificate in use stays: {}", of.name(), seen.problem);
  } else if (seen.renewed) {
    session_.info("{}: new connections get the changed certificate", of.name());
  }
  if (!seen.warning.empty()) session_.warn("{}: {}", of.name(), seen.warning);
}

void session_log::done(const std::string& remote, const session_summary& how) {
  // In TLS 1.3 a remote that misses our certificate says so when the handshake is over on this
  // side.
  if (how.down == 0 && transport::is_refusal(how.error) && tcp_.should_log(spdlog::level::err) &&
      admits(tcp_, remote, "TLS", describe(how.error))) {
    tcp_.error("[tcp]{} => {}, error: TLS: {}", how.client.to_string(), remote,
               describe(how.error));
  }
  // Where it cost somebody bytes it is worth a line of its own.
  const bool cost =
      how.has_lost || how.end == pump::end_reason::half_close_timeout || is_remarkable(how.end);
  const auto level = cost ? spdlog::level::info : spdlog::level::debug;
  if (!session_.should_log(level)) return;
  const auto error = how.error ? " error=\"" + describe(how.error) + '"' : std::string();
  const auto via = how.client.via ? " via=" + how.client.via->to_string() : std::string();
  session_.log(level, "session done id={} client={}{} remote={}{} up={} down={} ms={} end={}{}{}",
               how.id, how.client.client.to_string(), via, remote,
               how.is_visitor ? " route=camouflage" : "", how.up, how.down, how.lasted.count(),
               pump::to_string(how.end), how.has_lost ? " lost=yes" : "", error);
}

void session_log::unanswered(const std::string& remote, const session_summary& how,
                             std::chrono::milliseconds half_close_timeout) {
  constexpr auto* why = "no answer came within half_close_timeout, cut off";
  if (!session_.should_log(spdlog::level::warn) || !admits(socket_, remote, "", why)) return;
  session_.warn("{} => {}: the client had ended; {} after {}", how.client.client.to_string(),
                remote, why, print_duration(half_close_timeout));
}

void session_log::broke(const rule& to, const ip_endpoint& client, const char* why) {
  session_.error("{} => {}: given up: {}", client.to_string(), to.name(), why);
}

void session_log::accept_failed(const std::string& listen, const error_code& ec) {
  if (!tcp_.should_log(spdlog::level::err) || !admits(tcp_, listen, "accepting", describe(ec)))
    return;
  tcp_.error("[tcp]failed to accept: {} (on {}; trying again)", describe(ec), listen);
}

void session_log::association_opened(const std::string& remote, const ip_endpoint& client,
                                     const ip_endpoint& as) {
  if (!udp_middle_.should_log(spdlog::level::info)) return;
  udp_middle_.info("[udp]new association {} => {} as {}", client.to_string(), remote,
                   as.to_string());
}

void session_log::association_done(const std::string& remote, const ip_endpoint& listen,
                                   const session_summary& how, std::uint64_t up_datagrams,
                                   std::uint64_t down_datagrams) {
  if (!session_.should_log(spdlog::level::info)) return;
  const auto client = how.client.client.to_string();
  if (up_datagrams > 0 && down_datagrams == 0) {
    session_.info("{} => {}: never answered, {} datagrams in {} ms (on {})", client, remote,
                  up_datagrams, how.lasted.count(), listen.to_string());
  }
  if (!session_.should_log(spdlog::level::debug)) return;
  udp_middle_.debug("[udp]remove association for {}", client);
  session_.debug(
      "association done id={} client={} listen={} remote={} up={} down={} up_datagrams={} "
      "down_datagrams={} ms={} end={}",
      how.id, client, listen.to_string(), remote, how.up, how.down, up_datagrams, down_datagrams,
      how.lasted.count(), pump::to_string(how.end));
}

void session_log::no_association(const rule& to, const char* why) {
  if (!udp_.should_log(spdlog::level::err) ||
      !admits({false, to.name(), "making an association", why, true})) {
    return;
  }
  udp_.error("[udp]error: {}: making an association: {}", to.name(), why);
}

void session_log::association_evicted(const rule& to, const char* why) {
  if (!udp_.should_log(spdlog::level::warn) ||
      !admits({true, to.name(), "ending the oldest association", why, true})) {
    return;
  }
  udp_.warn("[udp]{}: ending the oldest association: {}", to.name(), why);
}

void session_log::datagrams_dropped(const rule& to, const ip_endpoint& client, const char* why) {
  if (!udp_.should_log(spdlog::level::warn) ||
      !admits({true, to.name(), "dropping datagrams", why, true})) {
    return;
  }
  udp_.warn("[udp]{} => {}: dropping datagrams: {}", client.to_string(), to.name(), why);
}

void session_log::refused(const std::string& remote, const ip_endpoint& as, const error_code& ec) {
  if (!udp_.should_log(spdlog::level::warn) ||
      !admits({true, remote, "sending", describe(ec), true})) {
    return;
  }
  udp_.warn("[udp]{} as {}: sending: {}", remote, as.to_string(), describe(ec));
}

void session_log::stranger(const rule& to, const std::string& remote, const ip_endpoint& who) {
  constexpr auto why = "not from the remote (`udp_strangers`)";
  if (!udp_.should_log(spdlog::level::warn) ||
      !admits({true, remote, "dropping datagrams", why, true})) {
    return;
  }
  udp_.warn("[udp]{} => {}: dropping datagrams: {}", who.to_string(), to.name(), why);
}

void session_log::call_refused(const char* call, const char* so) {
  {
    const std::lock_guard lock(mutex_);
    if (std::ranges::find(refused_calls_, call) != refused_calls_.end()) return;
    refused_calls_.emplace_back(call);
  }
  udp_.debug("[udp]{} is refused here: {}", call, so);
}

void session_log::datagrams_lost(const rule& to, const ip_endpoint& client, const char* phase,
                                 const error_code& ec) {
  if (!udp_.should_log(spdlog::level::err) ||
      !admits({false, to.name(), phase, describe(ec), true})) {
    return;
  }
  udp_.error("[udp]{} => {}, error: {}: {}", client.to_string(), to.name(), phase, describe(ec));
}

void session_log::uncut(const std::string& remote) {
  udp_middle_.debug("[udp]{}: UDP_SEGMENT is not possible on this way, sending one by one", remote);
}

void session_log::receive_failed(const rule& to, const error_code& ec) {
  if (!udp_.should_log(spdlog::level::err) ||
      !admits({false, to.name(), "receiving", describe(ec), true})) {
    return;
  }
  udp_.error("[udp]error: {}: receiving: {}", to.name(), describe(ec));
}

void session_log::lookup_failed(const std::string& remote, const error_code& ec) {
  if (!udp_.should_log(spdlog::level::err) ||
      !admits({false, remote, "resolving", describe(ec), true})) {
    return;
  }
  udp_.error("[udp]error: {}: resolving: {}", remote, describe(ec));
}

bool session_log::admits(spdlog::logger& to, const std::string& endpoint, const char* phase,
                         std::string_view error) {
  return admits({&to == &socket_, endpoint, phase, std::string(error)});
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
    auto& streams = what.warning ? socket_ : tcp_;
    auto& to = what.datagrams ? udp_ : streams;
    to.log(what.warning ? spdlog::level::warn : spdlog::level::err,
           "[{}]{}: {}: {} more times in {} s", what.datagrams ? "udp" : "tcp", what.endpoint,
           told_of(what.phase, what.error), times, during.count());
  }
}

}  // namespace relay::forward
