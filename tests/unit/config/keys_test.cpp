#include "unit/config/loading.hpp"

#include <relay/config/keys.hpp>

#include <algorithm>
#include <set>

namespace relay::config {
namespace {

using test::brief;
using test::load;
using test::problems_of;
using texts = std::vector<std::string>;

/// A key, values in the syntax that TOML and JSON share, and what becomes of them.
struct row {
  std::string table;  ///< spec 2.2 to 2.5
  std::string key;
  std::string kinds;  ///< of values that it takes: b(oolean), n(umber), t(ext), l(ist)
  std::string good;   ///< as to_toml() prints it, and not the default
  texts bad{};        ///< of the right kind, and still wrong
  std::string real_name{};
};

const texts bad_times{"-1", "4294967296", "\"2000000h\"", "\"5 parsecs\"", "\"\"", "\"-1s\""};
const texts bad_seconds{"-1", "4294967296", "\"500ms\"", "\"1h2\""};
const texts bad_numbers{"-1", "1000000000000001"};
const texts bad_amounts{"-1", "1000000000000001", "\"9999999TiB\"", "\"x\"", "\"\"", "\"-1KiB\""};
const texts bad_words{"\"\"", "\"OFF\"", "\"off \"", "\"zebra\""};
const texts bad_remotes{"\"\"",   "\"b\"",       "\"b:\"",        "\"b:0\"",
                        "\":1\"", "\"b:65536\"", "\"http://b:1\""};
const texts bad_listens{"\"\"", "\"b\"", "\"b:\"", "\"b:65536\"", "\"[1.2.3.4]:1\"", "\":2-1\""};
const texts bad_remote_lists{"[1]", "[\"b\"]", "[\"b:1\", \"\"]", "[[]]", "[\"b:0\"]"};
const texts bad_texts{"\"a\\u0000b\""};

const std::vector<row> rows{
    {"log", "level", "t", "\"debug\"", bad_words},
    {"log", "output", "t", "\"/tmp/a.log\"", bad_texts},
    {"log", "time", "t", "\"zone\"", bad_words},
    {"dns", "mode", "t", "\"ipv6_only\"", bad_words},
    {"dns", "protocol", "t", "\"tcp\"", bad_words},
    {"dns",
     "nameservers",
     "l",
     "[\"8.8.8.8:53\", \"[::1]:5353\", \"dns.test:53\"]",
     {"[\"8.8.8.8\"]", "[\"a:0\"]", "[\"a:1-2\"]", "[\"a:1\", 2]", "[null]"}},
    {"dns", "min_ttl", "nt", "5", bad_seconds},
    {"dns", "max_ttl", "nt", "7", bad_seconds},
    {"dns", "cache_size", "n", "9", bad_numbers},
    {"process", "shutdown_timeout", "nt", "\"250ms\"", bad_times},
    {"process", "worker_stall", "nt", "\"250ms\"", bad_times},
    {"process", "max_connections", "n", "10", bad_numbers},
    {"process", "socket_memory", "nt", "\"64MiB\"", bad_amounts},
    {"process", "user", "t", "\"nobody\"", bad_texts},
    {"process", "group", "t", "\"ssl-cert\"", bad_texts},
    {"process", "sandbox", "t", "\"on\"", bad_words},
    {"process", "core_dumps", "t", "\"on\"", bad_words},
    {"process", "bind", "t", "\"partial\"", bad_words},
    {"process", "watch", "b", "true"},
    {"control",
     "path",
     "t",
     "\"/run/a.sock\"",
     {"\"a\\u0000b\"", '"' + std::string(108, 'a') + '"'}},
    {"network", "no_tcp", "b", "true"},
    {"network", "use_udp", "b", "true"},
    {"network", "ipv6_only", "b", "true"},
    {"network", "tcp_timeout", "nt", "0", bad_times},
    {"network", "udp_timeout", "nt", "0", bad_times},
    {"network", "tcp_keepalive", "nt", "0", bad_seconds},
    {"network", "tcp_keepalive_probe", "n", "127", {"-1", "2147483648"}},
    {"network", "tcp_user_timeout", "nt", "45", bad_times},
    {"network", "send_mptcp", "b", "true"},
    {"network", "accept_mptcp", "b", "true"},
    {"network", "send_proxy", "b", "true"},
    {"network", "send_proxy_version", "n", "1", {"0", "3", "-1"}},
    {"network", "accept_proxy", "b", "true"},
    {"network", "accept_proxy_timeout", "nt", "0", bad_times},
    {"network", "accept_timeout", "nt", "6", bad_times, "accept_proxy_timeout"},
    {"network", "half_close_timeout", "nt", "0", bad_times},
    {"network", "idle_timeout", "nt", "4294967295", bad_times},
    {"network", "connect_limit", "nt", "1", bad_times},
    {"network",
     "trusted_proxies",
     "l",
     "[\"10.0.0.0/8\", \"::1\"]",
     {"[\"10.0.0.0/33\"]", "[\"::/129\"]", "[\"a\"]", "[\"\"]", "[1]"}},
    {"network", "send_proxy_udp", "t", "\"every\"", {"\"on\"", "\"First\"", "\"\""}},
    {"network", "udp_strangers", "t", "\"drop\"", {"\"Drop\"", "\"off\"", "\"\""}},
    {"network",
     "camouflage",
     "t",
     "\"close\"",
     {"\"403\"", "\"off\"", "\"\"", "\"127.0.0.1\"", "\"a:1-2\"", "\"a:99999\""}},
    {"network", "handshake_timeout", "nt", "0", bad_times},
    {"network", "warm", "n", "65535", {"-1", "65536"}},
    {"network", "warm_max_age", "nt", "1", bad_times},
    {"network", "byte_rate", "nt", "\"5MiB/s\"", bad_amounts},
    {"network", "endpoint_byte_rate", "nt", "\"5MiB/s\"", bad_amounts},
    {"network", "moderation", "t", "\"off\"", {"\"true\"", "\"ON\"", "\"\""}},
    {"network",
     "iphash_prefix",
     "t",
     "\"/24,/64\"",
     {"\"\"", "\"/24\"", "\"24,64\"", "\"/0,/64\"", "\"/33,/64\"", "\"/24,/129\"",
      "\"/24,/64,/8\""}},
    {"network", "on_change", "t", "\"cut\"", bad_words},
    {"network", "on_remove", "t", "\"keep\"", {"\"\"", "\"cut\"", "\"Drain\""}},
    {"endpoints",
     "name",
     "t",
     "\"web-1.eu_2\"",
     {"\"\"", "\"a b\"", "\"-a\"", "\".a\"", "\"a:1\"", "\"b\u00fcro\"", "\"a\\u0000\"",
      '"' + std::string(65, 'a') + '"'}},
    {"endpoints", "listen", "t", "\"[::1]:5000\"", bad_listens},
    {"endpoints", "local", "t", "\"[::1]:5000\"", bad_listens, "listen"},
    {"endpoints", "remote", "t", "\"example.com:80\"", bad_remotes},
    {"endpoints", "extra_remotes", "l", "[\"c:1\", \"[::1]:2\"]", bad_remote_lists},
    {"endpoints", "balance", "t", "\"off: 1, 2\"", {"\"\"", "\"off\"", "\"OFF:\"", "\"random:\""}},
    {"endpoints", "through", "t", "\"10.0.0.1:0\"", {"\"\"", "\"nowhere\"", "\"10.0.0.1:x\""}},
    {"endpoints", "interface", "t", "\"eth0\"", bad_texts},
    {"endpoints", "listen_interface", "t", "\"eth1\"", bad_texts},
    {"endpoints", "listen_transport", "t", "\"ws;host=a;path=/\"", {"\"ws\"", "\"tls\""}},
    {"endpoints", "remote_transport", "t", "\"tls;sni=a\"", {"\"ws;host=a\"", "\"tls\""}},
    {"endpoints", "max_connections", "n", "5", bad_numbers},
    {"endpoints", "max_associations", "n", "6", bad_numbers},
};

/// The endpoint's own lines or members that a text needs besides the key.
texts needed(const row& of, const std::string& equals, const std::string& quote) {
  texts made;
  const bool in_endpoint = of.table == "endpoints" || of.table == "network";
  if (!in_endpoint) return made;
  const auto is = [&](const char* key) { return of.key == key || of.real_name == key; };
  if (!is("listen")) made.push_back(quote + "listen" + quote + equals + "\"127.0.0.1:1\"");
  if (!is("remote")) made.push_back(quote + "remote" + quote + equals + "\"b:2\"");
  return made;
}

std::string toml(const row& of, const std::string& value) {
  const auto others = needed(of, " = ", "");
  if (others.empty()) return "endpoints = []\n[" + of.table + "]\n" + of.key + " = " + value + "\n";
  std::string text = "[[endpoints]]\n";
  for (const auto& each : others) text += each + '\n';
  return text + (of.table == "network" ? "network." : "") + of.key + " = " + value + '\n';
}

std::string json(const row& of, const std::string& value) {
  const auto others = needed(of, ":", "\"");
  const auto member = '"' + of.key + "\":" + value;
  if (others.empty()) return "{\"endpoints\":[],\"" + of.table + "\":{" + member + "}}";
  std::string text = "{\"endpoints\":[{";
  for (const auto& each : others) text += each + ',';
  return text + (of.table == "network" ? "\"network\":{" + member + "}" : member) + "}]}";
}

/// The same value in both formats. Both make the same tree, so TOML, which is slow to read, is
/// asked for the first key of each table only.
texts both(const row& of, const std::string& in_toml, const std::string& in_json) {
  texts made{json(of, in_json)};
  const bool first = std::ranges::find(rows, of.table, &row::table)->key == of.key;
  if (first && in_toml.find("null") == std::string::npos) made.push_back(toml(of, in_toml));
  return made;
}

TEST(EveryKey, StandsInThisTable) {
  std::set<std::string> known;
  for (const auto& each : known_keys()) {
    if (!each.table.empty()) known.insert(std::string(each.table) + '.' + std::string(each.name));
  }
  known.erase("endpoints.network");
  std::set<std::string> here;
  for (const auto& each : rows) here.insert(each.table + '.' + each.key);
  EXPECT_EQ(here, known);
}

TEST(EveryKey, TakesAGoodValueInBothFormatsAndIsPrinted) {
  overrides lax;
  lax.rules = dialect::realm;  // takes `no_tcp` alone
  for (const auto& each : rows) {
    const auto made = load(toml(each, each.good), lax);
    // Alone these have no effect, which is told.
    const std::set<std::string> lonely{"trusted_proxies", "send_proxy_udp", "udp_strangers",
                                       "no_tcp", "group"};
    const bool is_lonely = lonely.contains(each.key);
    EXPECT_EQ(made.warnings.size(), is_lonely ? 1U : 0U) << each.key << brief(made.warnings);
    EXPECT_EQ(load(json(each, each.good), lax).value, made.value) << each.key;
    const auto& name = each.real_name.empty() ? each.key : each.real_name;
    const auto line = '\n' + name + " = " + each.good + '\n';
    EXPECT_NE(to_toml(made.value).find(line), std::string::npos) << line << to_toml(made.value);
  }
}

TEST(EveryKey, NamesTheTypeThatItWasGivenInstead) {  // spec 2.1
  const struct {
    char kind;
    const char *toml, *json, *name;
  } values[]{{'b', "true", "true", "true or false"},
             {'n', "1", "1", "a whole number"},
             {'f', "1.5", "1.5", "a number with a fraction"},
             {'t', "\"a\"", "\"a\"", "a text"},
             {'l', "[]", "[]", "a list"},
             {'o', "{}", "{}", "a table"},
             {'d', "1979-05-27", "1e3", nullptr}};
  for (const auto& each : rows) {
    for (const auto& value : values) {
      if (each.kinds.find(value.kind) != std::string::npos) continue;
      const auto& name = each.real_name.empty() ? each.key : each.real_name;
      for (const auto& text : both(each, value.toml, value.json)) {
        const auto problems = problems_of(text);
        ASSERT_EQ(problems.size(), 1U) << text << brief(problems);
        EXPECT_TRUE(problems[0].message.starts_with('`' + name + "` takes ")) << brief(problems);
        if (value.name) {
          EXPECT_TRUE(problems[0].message.ends_with(std::string(", not ") + value.name))
              << text << brief(problems);
        }
      }
    }
  }
}

TEST(EveryKey, RefusesWhatIsOutOfRange) {
  for (const auto& each : rows) {
    for (const auto& value : each.bad) {
      for (const auto& text : both(each, value, value)) {
        const auto problems = problems_of(text);
        ASSERT_EQ(problems.size(), 1U) << text << brief(problems);
        const auto& name = each.real_name.empty() ? each.key : each.real_name;
        EXPECT_EQ(problems[0].message.find('`' + name + '`'), 0U) << brief(problems);
        EXPECT_EQ(problems[0].severity, problem::level::error);
      }
    }
  }
}

TEST(EveryKey, CountsAsNotGivenWhenItIsNull) {  // spec 2.1
  const std::set<std::string> refusing{"listen", "local", "remote", "extra_remotes"};
  const auto plain = load(R"({"endpoints":[{"listen":"127.0.0.1:1","remote":"b:2"}]})").value;
  for (const auto& each : rows) {
    if (refusing.contains(each.key)) {
      EXPECT_EQ(problems_of(json(each, "null")).size(), 1U) << each.key;
      continue;
    }
    const auto made = load(json(each, "null"));
    EXPECT_EQ(brief(made.warnings), "") << each.key;
    EXPECT_EQ(made.value.log, plain.log) << each.key;
    EXPECT_EQ(made.value.dns, plain.dns) << each.key;
    EXPECT_EQ(made.value.process, plain.process) << each.key;
    EXPECT_EQ(made.value.control, plain.control) << each.key;
    if (!made.value.endpoints.empty()) {
      EXPECT_EQ(made.value.endpoints, plain.endpoints) << each.key;
    }
  }
}

}  // namespace
}  // namespace relay::config
