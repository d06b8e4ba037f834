#pragma once

#include <relay/base/ip.hpp>
#include <relay/config/config.hpp>
#include <relay/names/hosts_file.hpp>
#include <relay/names/resolv_conf.hpp>
#include <relay/names/watched_file.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace relay::names {

/// Whom to ask, and how.
struct name_servers {
  std::vector<ip_endpoint> list;  ///< in the order to be asked
  config::dns_protocol protocol = config::dns_protocol::tcp_and_udp;
  std::chrono::milliseconds timeout{2000};  ///< of the first try; c-ares doubles it each round
  int tries = 2;                            ///< rounds over all servers
  bool rotate = false;                      ///< each question starts with the next server
  friend bool operator==(const name_servers&, const name_servers&) = default;
};

/// Whom to ask and under which names; two are the same when their pointers are.
struct upstream {
  name_servers servers;
  resolv_conf conf;  ///< only its search list and ndots are for the asking
};

/// From the configuration and resolv.conf. `resolved` has the addresses of those of our name
/// servers that are given by name; one that is not in there (yet) is left out. `system_port` is
/// that of the servers in resolv.conf.
upstream make_upstream(const config::dns& options, const resolv_conf& system,
                       const name_map<std::vector<ip_address>>& resolved,
                       std::uint16_t system_port = 53);

/// Keeps the upstream up to date: follows resolv.conf, knows which of the configured name servers
/// still need the system's resolver. Pure but for reading the file; the caller locks.
class server_book {
 public:
  using time_point = watched_file::time_point;
  static constexpr std::chrono::seconds retry_after{5};  ///< for a name server's name

  server_book(config::dns options, std::string resolv_conf_path, std::uint16_t system_port = 53);

  std::shared_ptr<const upstream> current(time_point now);
  /// Names that somebody must look up now and report by `resolved`; empty while that is under way.
  std::vector<std::string> wanted(time_point now);
  bool is_waiting() const noexcept { return waiting_; }
  void resolved(name_map<std::vector<ip_address>> found, time_point now);

 private:
  config::dns options_;
  std::uint16_t system_port_;
  watched_file file_;
  resolv_conf system_;
  name_map<std::vector<ip_address>> resolved_;
  std::shared_ptr<const upstream> current_;
  bool waiting_ = false;
  time_point retry_at_ = time_point::min();
};

}  // namespace relay::names
