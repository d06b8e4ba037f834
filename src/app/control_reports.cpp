#include "control_reports.hpp"

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <fstream>

namespace relay::app {
namespace {

using json = nlohmann::ordered_json;

std::string printed(const json& what) {
  return what.dump(-1, ' ', false, json::error_handler_t::replace);
}

json process_json(const process_report& of) {
  json workers = json::array();
  for (const auto load : of.loads) workers.push_back({{"sessions", load}});
  return {{"version", RELAY_VERSION},
          {"pid", ::getpid()},
          {"state", of.is_draining ? "draining" : "serving"},
          {"generation", of.generation},
          {"uptime_ms", of.uptime.count()},
          {"descriptors", {{"open", of.open_descriptors}, {"limit", of.most_descriptors}}},
          {"memory_bytes", of.memory},
          {"workers", std::move(workers)},
          {"stalled_workers", of.stalled_workers},
          {"log_level", of.log_level}};
}

json remotes_json(const std::vector<forward::remote_state>& all) {
  json made = json::array();
  for (const auto& each : all) {
    json one{{"address", each.name}, {"health", forward::to_string(each.is)}};
    if (each.is != forward::remote_state::health::unknown) one["share"] = each.share;
    if (each.is == forward::remote_state::health::aside) one["aside_ms"] = each.aside_for.count();
    made.push_back(std::move(one));
  }
  return made;
}

json ends_json(const forward::endpoint_totals& of) {
  json made = json::object();
  for (std::size_t i = 0; i < of.ended.size(); ++i) {
    if (of.ended[i] != 0)
      made[std::string(forward::to_string(static_cast<forward::end_reason>(i)))] = of.ended[i];
  }
  return made;
}

json errors_json(const forward::endpoint_totals& of) {
  json made = json::object();
  for (const auto& [name, times] : of.errors) made[name] = times;
  return made;
}

json endpoint_json(const forward::endpoint_totals& of) {
  json made = json::object();
  if (!of.name.empty()) made["name"] = of.name;
  made["listen"] = of.listen;
  made["state"] = of.is_draining ? "draining" : "listening";
  made["remotes"] = remotes_json(of.remotes);
  if (of.streams) {
    made["connections"] = {{"live", of.live.connections}, {"total", of.connections}};
    made["warm"] = of.warm;
  }
  if (of.datagrams)
    made["associations"] = {{"live", of.live.associations}, {"total", of.associations}};
  made["bytes"] = {{"up", of.up_bytes}, {"down", of.down_bytes}};
  if (of.datagrams)
    made["datagrams"] = {
        {"up", of.up_datagrams}, {"down", of.down_datagrams}, {"lost", of.lost_datagrams}};
  made["ends"] = ends_json(of);
  if (of.unanswered != 0) made["unanswered"] = of.unanswered;
  made["errors"] = errors_json(of);
  return made;
}

json failed_json(const failed_endpoint& of) {
  json made = json::object();
  if (!of.name.empty()) made["name"] = of.name;
  made["listen"] = of.listen;
  made["state"] = "failed";
  made["error"] = of.error;
  made["remotes"] = json::array({{{"address", of.remote}, {"health", "unknown"}}});
  return made;
}

json session_json(const forward::session_info& of) {
  json made{{"id", of.id},
            {"kind", of.is_association ? "udp" : "tcp"},
            {"state", of.is_open ? "open" : "connecting"},
            {"age_ms", of.age.count()},
            {"client", of.client.client.to_string()}};
  if (of.client.via) made["via"] = of.client.via->to_string();
  if (!of.endpoint.empty()) made["name"] = of.endpoint;
  made["listen"] = of.listen;
  made["remote"] = of.remote;
  made["bytes"] = {{"up", of.up_bytes}, {"down", of.down_bytes}};
  if (of.is_association) made["datagrams"] = {{"up", of.up_datagrams}, {"down", of.down_datagrams}};
  if (of.client_tls) made["client_tls"] = true;
  if (of.remote_tls) made["remote_tls"] = true;
  return made;
}

}  // namespace

std::string status_report(const process_report& process,
                          const std::vector<forward::endpoint_totals>& listening,
                          const std::vector<failed_endpoint>& failed) {
  json endpoints = json::array();
  for (const auto& each : listening) endpoints.push_back(endpoint_json(each));
  for (const auto& each : failed) endpoints.push_back(failed_json(each));
  return printed({{"process", process_json(process)}, {"endpoints", std::move(endpoints)}});
}

std::string sessions_report(const forward::session_list& all) {
  json sessions = json::array();
  for (const auto& each : all.sessions) sessions.push_back(session_json(each));
  return printed({{"matching", all.matching}, {"sessions", std::move(sessions)}});
}

std::string text_report(const std::string& text) { return printed({{"text", text}}); }

std::uint64_t resident_bytes() {
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace relay::app
