#include <relay/forward/session_log.hpp>

#include <spdlog/logger.h>

#include <algorithm>

/// The part of `session_log` about datagrams.
namespace relay::forward {

void session_log::association_opened(const path_name& path, const ip_endpoint& client,
                                     const ip_endpoint& as) {
  const auto level = as_realm_ ? spdlog::level::info : spdlog::level::debug;
  if (!udp_middle_.should_log(level)) return;
  udp_middle_.log(level, "[udp]new association {} => {} as {}", client.to_string(), path.to(),
                  as.to_string());
}

void session_log::association_done(const path_name& path, const session_summary& how,
                                   std::uint64_t up_datagrams, std::uint64_t down_datagrams) {
  if (!session_.should_log(spdlog::level::info)) return;
  const bool is_mute = up_datagrams > 0 && down_datagrams == 0;
  const auto level = as_realm_ ? spdlog::level::debug : spdlog::level::info;
  const bool has_line = session_.should_log(level);
  // Where there is no line about each of them, this is the one that matters.
  if (!has_room(is_mute)) return;
  const auto client = how.client.client.to_string();
  if (is_mute) {
    session_.info("{} => {}: never answered, {} datagrams in {} ms (on {})", client, path.to(),
                  up_datagrams, how.lasted.count(), as_realm_ ? path.listen() : path.label());
  }
  if (!has_line) return;
  udp_middle_.debug("[udp]remove association for {}", client);
  session_.log(level, "{}", association_line(how, text_of(path), up_datagrams, down_datagrams));
}

void session_log::no_association(rule& by, const char* why) {
  constexpr auto* step = "making an association";
  if (!admits({by}, kind::error, step, why, true)) return;
  udp_.error("[udp]error: {}: {}: {}{}", by.name(), step, why, on(by));
}

void session_log::association_evicted(const path_name& path, const char* why) {
  if (!admits(path, kind::warning, "ending the oldest association", why, true)) return;
  udp_.warn("[udp]{}: ending the oldest association: {}{}", path.by.name(), why, on(path));
}

void session_log::datagrams_dropped(const path_name& path, const ip_endpoint& client,
                                    const char* why) {
  if (!admits(path, kind::warning, "dropping datagrams", why, true)) return;
  udp_.warn("[udp]{} => {}: dropping datagrams: {}{}", client.to_string(), path.to(), why,
            on(path));
}

void session_log::refused(const path_name& path, const ip_endpoint& as, const error_code& ec) {
  const auto why = describe(ec);
  if (!admits(path, kind::warning, "sending", why, true)) return;
  udp_.warn("[udp]{} as {}: sending: {}{}", path.to(), as.to_string(), why, on(path));
}

void session_log::stranger(const path_name& path, const ip_endpoint& who) {
  constexpr auto why = "not from the remote (`udp_strangers`)";
  if (!admits(path, kind::warning, "dropping datagrams", why, true)) return;
  udp_.warn("[udp]{} => {}: dropping datagrams: {}{}", who.to_string(), path.by.name(), why,
            on(path));
}

void session_log::call_refused(const char* call, const char* so) {
  {
    const std::lock_guard lock(mutex_);
    if (std::ranges::find(refused_calls_, call) != refused_calls_.end()) return;
    refused_calls_.emplace_back(call);
  }
  udp_.debug("[udp]{} is refused here: {}", call, so);
}

void session_log::datagrams_lost(const path_name& path, const ip_endpoint& client,
                                 const char* phase, const error_code& ec) {
  const auto why = describe(ec);
  if (!admits(path, kind::error, phase, why, true)) return;
  udp_.error("[udp]{} => {}, error: {}: {}{}", client.to_string(), path.to(), phase, why, on(path));
}

void session_log::uncut(const std::string& remote) {
  udp_middle_.debug("[udp]{}: UDP_SEGMENT is not possible on this way, sending one by one", remote);
}

void session_log::receive_failed(rule& by, const error_code& ec) {
  const auto why = describe(ec);
  if (!admits({by}, kind::error, "receiving", why, true)) return;
  udp_.error("[udp]error: {}: receiving: {}{}", by.name(), why, on(by));
}

void session_log::lookup_failed(rule& by, const std::string& remote, const error_code& ec) {
  const auto why = describe(ec);
  by.errors.add("resolving", why);
  if (!udp_.should_log(spdlog::level::err) ||
      !admits({false, name_of(by, remote), "resolving", why, true})) {
    return;
  }
  udp_.error("[udp]error: {}: resolving: {}{}", remote, why, on(by));
}

}  // namespace relay::forward
