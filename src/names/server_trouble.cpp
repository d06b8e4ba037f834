#include <relay/names/server_trouble.hpp>

namespace relay::names {
namespace {

using kind = server_report::kind;

std::string happened(const server_report& what) {
  switch (what.what) {
    case kind::silent:
      return "no answer";
    case kind::refused:
      return "it refuses to answer (REFUSED)";
    case kind::failed:
    case kind::answered:
      break;
  }
  return describe(what.ec);
}

const char* consequence(std::size_t servers) {
  return servers > 1 ? "the next one is asked"
                     : "there is no other one; names keep the addresses that are known, others "
                       "cannot be looked up until it answers";
}

}  // namespace

std::optional<std::string> server_trouble::line_for(const server_report& what, std::size_t servers,
                                                    time_point now) {
  return what.what == kind::answered ? ends(what.server, now) : begins(what, servers, now);
}

std::optional<std::string> server_trouble::begins(const server_report& what, std::size_t servers,
                                                  time_point now) {
  // resolv.conf may name others every day.
  std::erase_if(known_, [now](const auto& each) {
    return !each.second.is_told && now - each.second.told_at >= window;
  });
  auto [found, is_new] = known_.try_emplace(what.server);
  auto& it = found->second;
  if (it.is_told || (!is_new && now - it.told_at < window)) return std::nullopt;
  it = {true, now, now};
  return "name server " + what.server.to_string() + ": " + happened(what) + "; " +
         consequence(servers);
}

std::optional<std::string> server_trouble::ends(const ip_endpoint& server, time_point now) {
  const auto found = known_.find(server);
  if (found == known_.end() || !found->second.is_told) return std::nullopt;
  found->second.is_told = false;
  const auto lasted = std::chrono::ceil<std::chrono::seconds>(now - found->second.since);
  return "name server " + server.to_string() + " answers again, after " +
         std::to_string(lasted.count()) + " s";
}

}  // namespace relay::names
