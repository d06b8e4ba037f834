#pragma once

#include <relay/base/ip.hpp>
#include <relay/forward/rule.hpp>
#include <relay/forward/storm.hpp>
#include <relay/wire/proxy.hpp>

#include <spdlog/fwd.h>

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace relay {
class logs;
}

namespace relay::forward {

/// Whom a line of ours is about.
struct client_name {
  ip_endpoint client;              ///< the source that a PROXY header told, if one did
  std::optional<ip_endpoint> via;  ///< then: who sent the header, and is connected here

  std::string to_string() const;  ///< `1.2.3.4:5`, or `1.2.3.4:5 via 10.0.0.1:6`
};

/// How a session ended, for its line.
struct session_summary {
  std::uint64_t id = 0;
  client_name client;
  std::uint64_t up = 0;
  std::uint64_t down = 0;
  std::chrono::milliseconds lasted{0};
  pump::end_reason end = pump::end_reason::count_;
  error_code error;
  bool has_lost = false;    ///< bytes that had been sent
  bool is_visitor = false;  ///< handed over to the web server
};

/// Every line about connections. Targets, levels and texts of the lines that realm has are realm's
/// (spec 4.7). Usable from every worker; takes a lock only for errors.
class session_log {
 public:
  /// `storm_begins` is called (on any worker) when lines begin to be held back: `write_summaries`
  /// is then to be called every few seconds until it returns false.
  session_log(logs& log, std::function<void()> storm_begins);

  // `remote` is the chosen one, a rule stands for its main remote (spec 4.7).
  /// `client` is who is connected here, as realm has it, whatever a PROXY header says. `warm`: the
  /// connection was there before the client.
  void established(const std::string& remote, const ip_endpoint& client, const ip_endpoint& as,
                   bool warm);
  /// An address could not be connected; another may follow.
  void address_failed(const std::string& remote, const ip_endpoint& as, const char* step,
                      const error_code& ec);
  /// A client that fails what its endpoint asks goes on to the web server, which is the remote of
  /// `to`.
  void handed_over(const rule& to, const client_name& client, const char* phase,
                   std::string_view why);
  /// No connection to the remote came about.
  void gave_up(const rule& to, const client_name& client, const char* phase, std::string_view why);
  /// Connections cannot be kept ready, for the first time since they could; then that they can.
  void warm_trouble(const std::string& remote, const char* phase, std::string_view why);
  void warm_again(const std::string& remote);
  /// One that was ready was of no use after all; its client gets another.
  void warm_useless(const std::string& remote, const char* phase, std::string_view why);
  void header_accepted(const wire::proxy_header& header);
  /// A client has shown a certificate that was accepted, for `name`.
  void client_verified(const rule& to, const ip_endpoint& client, const std::string& name);
  /// A sender of PROXY headers is refused; to be told once.
  void untrusted(const rule& to, const ip_endpoint& sender);
  /// What looking at the files of its certificates has led to.
  void certificates(const rule& of, const transport::tls_refresh& seen);
  void done(const std::string& remote, const session_summary& how);
  /// The client had ended, and its remote was cut off before it had said a word.
  void unanswered(const std::string& remote, const session_summary& how,
                  std::chrono::milliseconds half_close_timeout);
  void accept_failed(const std::string& listen, const error_code& ec);
  /// A mistake of ours, or no memory, before its session has begun.
  void broke(const rule& to, const ip_endpoint& client, const char* why);

  // Of datagrams.
  void association_opened(const std::string& remote, const ip_endpoint& client,
                          const ip_endpoint& as);
  /// `listen`: where the client has sent to, with the very port of a range.
  void association_done(const std::string& remote, const ip_endpoint& listen,
                        const session_summary& how, std::uint64_t up_datagrams,
                        std::uint64_t down_datagrams);
  /// A client could not be given an association.
  void no_association(const rule& to, const char* why);
  /// One has made room for another; `why` it had to.
  void association_evicted(const rule& to, const char* why);
  /// Datagrams were dropped; `why` is whose decision that was.
  void datagrams_dropped(const rule& to, const ip_endpoint& client, const char* why);
  /// A remote says, or the network says of it, that nobody is there.
  void refused(const std::string& remote, const ip_endpoint& as, const error_code& ec);
  /// Somebody else sends to an association, which `udp_strangers` does not allow.
  void stranger(const rule& to, const std::string& remote, const ip_endpoint& who);
  /// A system call that can be done without is refused: what follows from that. Said once a call.
  void call_refused(const char* call, const char* so);
  /// The kernel did not take datagrams.
  void datagrams_lost(const rule& to, const ip_endpoint& client, const char* phase,
                      const error_code& ec);
  /// Datagrams for the remote leave one by one, since the kernel does not take them together.
  void uncut(const std::string& remote);
  void receive_failed(const rule& to, const error_code& ec);
  void lookup_failed(const std::string& remote, const error_code& ec);

  /// Returns whether a storm may still be going on.
  bool write_summaries(storm::clock::time_point now);
  /// At the end: what was held back is not lost.
  void write_final_summaries();

 private:
  bool admits(spdlog::logger& to, const std::string& endpoint, const char* phase,
              std::string_view error);
  bool admits(storm::key what);
  void write(const std::vector<storm::summary>& summaries);

  spdlog::logger& tcp_;
  spdlog::logger& middle_;
  spdlog::logger& socket_;
  spdlog::logger& proxy_;
  spdlog::logger& udp_;
  spdlog::logger& udp_middle_;
  spdlog::logger& session_;
  std::function<void()> storm_begins_;
  std::mutex mutex_;  // of what follows
  storm storm_;
  std::vector<std::string> refused_calls_;
};

}  // namespace relay::forward
