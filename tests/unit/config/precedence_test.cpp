#include "unit/config/loading.hpp"

#include <relay/config/keys.hpp>

#include <functional>
#include <set>
#include <type_traits>

namespace relay::config {
namespace {

using namespace std::chrono_literals;
using test::load;

/// A network key with two different values, as text and as value.
struct row {
  std::string key;
  std::string texts[2];
  std::function<void(overrides&, int)> force;      ///< the value of that index
  std::function<bool(const network&, int)> holds;  ///< the value of that index
  std::function<bool(const network&)> is_default;
};

template <class T>
row of(const char* key, T network::*value, std::string one, std::type_identity_t<T> first,
       std::string other, std::type_identity_t<T> second) {
  const std::vector<T> both{first, second};
  return {key,
          {std::move(one), std::move(other)},
          [=](overrides& forced, int at) {
            force(forced.network, value, static_cast<T>(both[static_cast<std::size_t>(at)]));
          },
          [=](const network& made, int at) {
            return made.*value == both[static_cast<std::size_t>(at)];
          },
          [=](const network& made) { return made.*value == network{}.*value; }};
}

row flag(const char* key, bool network::*value) {
  return of(key, value, "true", true, "false", false);
}

row time(const char* key, milliseconds network::*value) {
  return of(key, value, "0", 0ms, "\"77ms\"", 77ms);
}

std::vector<row> all_rows() {
  using v = network;
  return {
      flag("no_tcp", &v::no_tcp),
      flag("use_udp", &v::use_udp),
      flag("ipv6_only", &v::ipv6_only),
      time("tcp_timeout", &v::tcp_timeout),
      time("udp_timeout", &v::udp_timeout),
      of("tcp_keepalive", &v::tcp_keepalive, "0", 0s, "7", 7s),
      of("tcp_keepalive_probe", &v::tcp_keepalive_probe, "1", 1, "9", 9),
      time("tcp_user_timeout", &v::tcp_user_timeout),
      flag("send_mptcp", &v::send_mptcp),
      flag("accept_mptcp", &v::accept_mptcp),
      flag("send_proxy", &v::send_proxy),
      of("send_proxy_version", &v::send_proxy_version, "1", 1, "2", 2),
      flag("accept_proxy", &v::accept_proxy),
      time("accept_proxy_timeout", &v::accept_proxy_timeout),
      time("half_close_timeout", &v::half_close_timeout),
      time("idle_timeout", &v::idle_timeout),
      time("connect_limit", &v::connect_limit),
      of("trusted_proxies", &v::trusted_proxies, "[\"::1\"]", {*parse_address_block("::1")}, "[]",
         {}),
      of("send_proxy_udp", &v::send_proxy_udp, "\"every\"", udp_proxy::every, "\"off\"",
         udp_proxy::off),
      of("udp_strangers", &v::udp_strangers, "\"drop\"", udp_strangers::drop, "\"accept\"",
         udp_strangers::accept),
      of("camouflage", &v::camouflage, "\"close\"", camouflage_answer::close, "\"404\"",
         camouflage_answer::not_found),
      time("handshake_timeout", &v::handshake_timeout),
      of("warm", &v::warm, "1", 1, "0", 0),
      time("warm_max_age", &v::warm_max_age),
      of("byte_rate", &v::byte_rate, "1", 1, "0", 0),
      of("endpoint_byte_rate", &v::endpoint_byte_rate, "1", 1, "0", 0),
      of("moderation", &v::moderation, "\"on\"", true, "\"off\"", false),
      of("iphash_prefix", &v::iphash_prefix, "\"/24,/64\"", balance::client_prefix{24, 64},
         "\"/32,/128\"", balance::client_prefix{}),
      of("on_change", &v::on_change, "\"cut\"", fate::cut, "\"keep\"", fate::keep),
      of("on_remove", &v::on_remove, "\"keep\"", fate::keep, "\"drain\"", fate::drain),
  };
}

enum layer : unsigned { global = 1, endpoint_own = 2, command_line = 4 };

/// The lines of a text, and what the command line forces.
struct given {
  std::string own, everyone;
  overrides forced;

  network merged() const {
    auto by = forced;
    by.rules = dialect::realm;  // takes an endpoint that serves nothing
    return load(test::with_endpoint(own + "[network]\n" + everyone), by)
        .value.endpoints.at(0)
        .network;
  }
};

/// Adds a key in these layers: the nearest has the value of index `top`, the others have the other.
void add(given& to, const row& each, unsigned layers, int top) {
  int value = top;
  if (layers & command_line) {
    each.force(to.forced, value);
    value = 1 - top;
  }
  if (layers & endpoint_own) {
    to.own += "network." + each.key + " = " + each.texts[value] + '\n';
    value = 1 - top;
  }
  if (layers & global) to.everyone += each.key + " = " + each.texts[value] + '\n';
}

TEST(Precedence, CoversEveryNetworkKey) {  // spec 1.5
  std::set<std::string> known, here;
  for (const auto& each : known_keys()) {
    if (each.table == "network" && each.alias_of.empty()) known.emplace(each.name);
  }
  for (const auto& each : all_rows()) here.insert(each.key);
  EXPECT_EQ(here, known);
}

TEST(Precedence, IsCommandLineThenEndpointThenGlobalThenDefaultForEachKey) {
  const auto rows = all_rows();
  // Neighbours are given in different layers, so that a merge of whole tables would be seen.
  const auto layers_of = [](std::size_t at, unsigned shift) {
    return (static_cast<unsigned>(at) + shift) % 8;
  };
  for (unsigned shift = 0; shift < 8; ++shift) {
    for (const int top : {0, 1}) {
      given all;
      for (std::size_t at = 0; at < rows.size(); ++at)
        add(all, rows[at], layers_of(at, shift), top);
      const auto made = all.merged();
      for (std::size_t at = 0; at < rows.size(); ++at) {
        const auto layers = layers_of(at, shift);
        EXPECT_TRUE(layers == 0 ? rows[at].is_default(made) : rows[at].holds(made, top))
            << rows[at].key << " given in the layers " << layers;
      }
    }
  }
}

TEST(Precedence, OfOneKeyLeavesTheOthersAlone) {
  const auto rows = all_rows();
  for (const auto& one : rows) {
    given alone;
    add(alone, one, command_line, 0);
    const auto made = alone.merged();
    for (const auto& other : rows) {
      if (other.key == one.key) continue;
      EXPECT_TRUE(other.is_default(made)) << one.key << ' ' << other.key;
    }
  }
}

TEST(Precedence, OfAGlobalKeyReachesEveryEndpointThatDoesNotSay) {
  const auto made =
      load(test::with_endpoint("network.tcp_timeout = 1\n") + test::with_endpoint("") +
           test::with_endpoint("network = {}\n[network]\ntcp_timeout = 2\n"))
          .value;
  ASSERT_EQ(made.endpoints.size(), 3U);
  EXPECT_EQ(made.endpoints[0].network.tcp_timeout, 1s);
  EXPECT_EQ(made.endpoints[1].network.tcp_timeout, 2s);
  EXPECT_EQ(made.endpoints[2].network.tcp_timeout, 2s);
}

TEST(Precedence, OfTheCommandLineHoldsForLogAndDns) {
  const std::string file =
      "endpoints = []\n[log]\nlevel = \"warn\"\noutput = \"a\"\n[dns]\nmode = \"ipv4_only\"\n"
      "protocol = \"tcp\"\nnameservers = [\"1.1.1.1:1\"]\nmin_ttl = 1\nmax_ttl = 2\n"
      "cache_size = 3\n";
  overrides forced;
  force(forced.log, &log::level, log_level::error);
  force(forced.log, &log::output, "b");
  force(forced.dns, &dns::mode, dns_mode::ipv6_only);
  force(forced.dns, &dns::protocol, dns_protocol::udp);
  force(forced.dns, &dns::nameservers, std::vector{*parse_nameserver("2.2.2.2:2")});
  force(forced.dns, &dns::min_ttl, 4s);
  force(forced.dns, &dns::max_ttl, 5s);
  force(forced.dns, &dns::cache_size, 6);
  for (const auto& text : {std::string("endpoints = []"), file}) {
    const auto made = load(text, forced).value;
    EXPECT_EQ(made.log, (config::log{log_level::error, "b"}));
    EXPECT_EQ(made.dns, (config::dns{dns_mode::ipv6_only, dns_protocol::udp, true,
                                     forced.dns.nameservers, 4s, 5s, 6}));
  }
  const auto made = load(file).value;
  EXPECT_EQ(made.log, (config::log{log_level::warn, "a"}));
  EXPECT_EQ(made.dns, (config::dns{dns_mode::ipv4_only,
                                   dns_protocol::tcp,
                                   true,
                                   {*parse_nameserver("1.1.1.1:1")},
                                   1s,
                                   2s,
                                   3}));
}

TEST(Precedence, TellsValuesThatTheCommandLineRefusedWithTheOthers) {
  const auto from = std::make_shared<const source>(source{"command line", "--a=b"});
  overrides forced;
  refused_value bad;
  bad.where = {from, 4};
  bad.message = "`--a`: no `b`";
  bad.hint = "as in --a=c";
  forced.refused.push_back(bad);
  EXPECT_EQ(test::brief(test::problems_of("endpoints = 3\n", forced)),
            "t:1:13: error: `endpoints` takes a list of tables, not a whole number\n"
            "command line:1:5: error: `--a`: no `b`\n");
  EXPECT_EQ(test::problems_of("endpoints = []\n", forced).at(0).hint, "as in --a=c");
}

}  // namespace
}  // namespace relay::config
