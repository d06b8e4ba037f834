#pragma once

#include <relay/balance/plan.hpp>
#include <relay/base/cidr.hpp>
#include <relay/base/host_port.hpp>
#include <relay/config/dialect.hpp>
#include <relay/config/origin.hpp>
#include <relay/config/transport.hpp>
#include <relay/config/written.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// What the operator asked for, as plain values with their defaults. Readers (TOML, JSON, legacy
/// JSON, environment, folder, command line) make these; nobody changes them afterwards. The keys
/// have the same names in a file. Times are in seconds there, numbers or strings such as "250ms".
namespace relay::config {

using std::chrono::milliseconds;
using balance_text = written<balance::balancing, balance::read_balance>;

enum class log_level { off, error, warn, info, debug, trace };

/// How a line tells the time: local without a word about the zone, in UTC, or local with the zone.
enum class log_time { local, utc, zone };

struct log {
  log_level level = log_level::warn;  ///< under realm's name: `off`
  std::string output = "stdout";      ///< `stdout`, `stderr`, or a file to append to
  log_time time = log_time::local;
  key_origins keys{};
  friend bool operator==(const log&, const log&) = default;
};

enum class dns_mode { ipv4_only, ipv6_only, ipv4_then_ipv6, ipv6_then_ipv4, ipv4_and_ipv6 };
enum class dns_protocol { tcp, udp, tcp_and_udp };  ///< tcp_and_udp: UDP, TCP when truncated

struct dns {
  dns_mode mode = dns_mode::ipv4_and_ipv6;
  dns_protocol protocol = dns_protocol::tcp_and_udp;
  bool protocol_given = false;         ///< then the search list is dropped (spec 6.4)
  std::vector<host_port> nameservers;  ///< empty: the system's
  std::chrono::seconds min_ttl{0};
  std::chrono::seconds max_ttl{86400};
  std::size_t cache_size = 1024;  ///< entries
  key_origins keys{};
  friend bool operator==(const dns&, const dns&) = default;
};

enum class udp_proxy { off, first, every };
enum class udp_strangers { accept, drop };
enum class camouflage_answer { not_found, close };
/// What a visitor gets whose bytes do not fit `listen_transport`: an answer of ours, or a web
/// server that it is handed over to.
using camouflage_choice = std::variant<camouflage_answer, host_port>;

/// A block of addresses, and how it was written: `::1` is printed so, not as `::1/128`.
struct address_block {
  std::string text;
  cidr block;
  friend bool operator==(const address_block&, const address_block&) = default;
};
parsed<address_block> parse_address_block(std::string_view text);

/// What becomes of the sessions of an endpoint that a reload changes or takes out.
enum class fate {
  keep,   ///< they live on under the settings that they began with
  drain,  ///< they have `process.shutdown_timeout` to end, then they are cut
  cut,    ///< they end at once
};

/// The settings of one endpoint's sockets: command line over endpoint over global over default,
/// key by key. 0 turns a limit off unless said otherwise.
struct network {
  bool no_tcp = false;
  bool use_udp = false;
  bool ipv6_only = false;
  milliseconds tcp_timeout{5000};          ///< one connect to one address
  milliseconds udp_timeout{30000};         ///< an idle association
  std::chrono::seconds tcp_keepalive{15};  ///< idle time and interval; 0 leaves the socket alone
  int tcp_keepalive_probe = 3;             ///< 1 to 127
  milliseconds tcp_user_timeout{0};        ///< nothing acknowledged; 0: what the system has
  bool send_mptcp = false;
  bool accept_mptcp = false;
  bool send_proxy = false;
  int send_proxy_version = 2;
  bool accept_proxy = false;
  milliseconds accept_proxy_timeout{5000};

  milliseconds half_close_timeout{
      10000};  ///< the other direction, idle, after one has ended; 0 closes both at once
  milliseconds idle_timeout{0};
  milliseconds connect_limit{15000};           ///< all of dialling for one client
  std::vector<address_block> trusted_proxies;  ///< empty: anyone
  udp_proxy send_proxy_udp = udp_proxy::off;
  /// Datagrams for a client from anybody but its remote.
  config::udp_strangers udp_strangers = config::udp_strangers::accept;
  camouflage_choice camouflage = camouflage_answer::not_found;
  milliseconds handshake_timeout{10000};
  std::uint32_t warm = 0;  ///< connections kept ready
  milliseconds warm_max_age{30000};
  std::uint64_t byte_rate = 0;           ///< bytes per second and connection; 0: none
  std::uint64_t endpoint_byte_rate = 0;  ///< bytes per second and endpoint; 0: none
  bool moderation = true;
  balance::client_prefix iphash_prefix;  ///< what of a client's address `iphash` looks at
  fate on_change = fate::keep;           ///< a reload changes the endpoint
  fate on_remove = fate::drain;          ///< a reload takes the endpoint out: `drain` or `keep`
  key_origins keys{};
  friend bool operator==(const network&, const network&) = default;
};

/// One forwarding rule.
struct endpoint {
  std::string name;  ///< what operators and tools know it by, unique; empty: it has none
  host_port listen;
  host_port remote;
  std::vector<host_port> extra_remotes;
  balance_text balance;              ///< empty: off
  std::optional<host_port> through;  ///< local address of outgoing sockets; port 0: any
  std::string interface;             ///< device of outgoing sockets; empty: any
  std::string listen_interface;      ///< device of the listeners; empty: any
  listen_text listen_transport;
  dial_text remote_transport;
  std::uint64_t max_connections = 0;  ///< 0: none
  std::uint64_t max_associations = 16384;
  config::network network;
  config::origin origin;  ///< of `listen`, for messages
  key_origins keys{};     ///< of the others; those of `network` are in there
  friend bool operator==(const endpoint&, const endpoint&) = default;
};

struct process {
  milliseconds shutdown_timeout{10000};
  milliseconds worker_stall{5000};    ///< a worker that has not turned for so long is told; 0: none
  std::uint64_t max_connections = 0;  ///< 0: none
  std::uint64_t socket_memory = 0;    ///< bytes held in sockets; 0: from the system's tcp_mem
  std::string user;                   ///< who it becomes once it listens; empty: stays who it is
  std::string group;                  ///< empty: the user's own
  bool sandbox = false;               ///< seccomp and Landlock
  bool core_dumps = false;            ///< a core holds the private keys
  bool binds_partially = false;       ///< two endpoints at one address: the first serves
  bool watch = false;                 ///< reload when the file or folder changes
  key_origins keys{};
  friend bool operator==(const process&, const process&) = default;
};

/// Where `relay status` and its like find the running relay.
struct control {
  std::string path;  ///< of its socket; empty: where it usually is, if anywhere; `off`: none
  key_origins keys{};
  friend bool operator==(const control&, const control&) = default;
};

/// A whole configuration, merged: `endpoints[i].network` holds what counts for that endpoint.
struct settings {
  config::log log;
  config::dns dns;
  config::process process;
  config::control control;
  std::vector<endpoint> endpoints;
  dialect rules = dialect::relay;  ///< by which the transports were read
  friend bool operator==(const settings&, const settings&) = default;
};

}  // namespace relay::config
