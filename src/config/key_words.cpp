#include "fragment.hpp"

#include <relay/config/patch.hpp>

#include <array>

namespace relay::config {
namespace {

constexpr std::array<retired_key, 4> retired{{
    {"zero_copy", "bulk data is spliced anyway"},
    {"splice", "bulk data is spliced anyway"},
    {"fast_open", "TCP fast open is not used"},
    {"tfo", "TCP fast open is not used"},
}};

constexpr std::array<foreign_name, 17> foreign{{
    {"udp", "use_udp"},
    {"tcp", "no_tcp"},
    {"bind", "listen"},
    {"source", "listen"},
    {"target", "remote"},
    {"upstream", "remote"},
    {"backend", "remote"},
    {"destination", "remote"},
    {"remotes", "extra_remotes"},
    {"backup", "extra_remotes"},
    {"load_balance", "balance"},
    {"strategy", "balance"},
    {"timeout", "tcp_timeout"},
    {"proxy_protocol", "send_proxy"},
    {"mptcp", "send_mptcp"},
    {"transport", "remote_transport"},
    {"loglevel", "level"},
}};

constexpr std::array<written_key, 1> special{{
    {"endpoints",
     "did you mean `[[endpoints]]`? What belongs to one of them stands below it, as in "
     "`[endpoints.network]`"},
}};

template <class Table>
void add(std::vector<known_key>& to, std::string_view table, const schema<Table>& keys) {
  for (const auto& each : keys) {
    to.push_back({table, each.name, ""});
    if (!each.alias.empty()) to.push_back({table, each.alias, each.name});
  }
}

/// The name of the key that a value of the table is of.
template <class Table>
std::string_view name_at(const schema<Table>& keys, const Table& table, const void* member) {
  for (const auto& each : keys) {
    if (each.place(table) == member) return each.name;
  }
  return {};
}

}  // namespace

std::vector<known_key> known_keys() {
  std::vector<known_key> made;
  for (const auto* name : {"log", "dns", "process", "control", "network", "endpoints"}) {
    made.push_back({"", name, ""});
  }
  add(made, "log", log_keys());
  add(made, "dns", dns_keys());
  add(made, "process", process_keys());
  add(made, "control", control_keys());
  add(made, "network", network_keys());
  add(made, "endpoints", endpoint_keys());
  made.push_back({"endpoints", "network", ""});
  return made;
}

const vocabulary& key_words() {
  static const vocabulary words{known_keys(), retired, foreign, special};
  return words;
}

std::string_view key_at(const log& table, const void* member) {
  return name_at(log_keys(), table, member);
}
std::string_view key_at(const dns& table, const void* member) {
  return name_at(dns_keys(), table, member);
}
std::string_view key_at(const control& table, const void* member) {
  return name_at(control_keys(), table, member);
}
std::string_view key_at(const network& table, const void* member) {
  return name_at(network_keys(), table, member);
}

}  // namespace relay::config
