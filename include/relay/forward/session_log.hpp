#pragma once

#include <relay/base/ip.hpp>
#include <relay/config/dialect.hpp>
#include <relay/forward/line_budget.hpp>
#include <relay/forward/rule.hpp>
#include <relay/forward/session_line.hpp>
#include <relay/forward/step_outcome.hpp>
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

/// What the lines call the way from a listener to a remote; of a range, the very ports. Borrows the
/// rule. Its texts are made when a line is written.
struct path_name {
  rule& by;
  std::size_t remote = 0;  ///< which of the rule's
  std::uint16_t nth = 0;   ///< which port of a range

  std::string listen() const { return by.listen_name_at(nth); }
  std::string to() const { return by.remotes[remote].name_at(nth); }
  /// What lines call where the client came in: `0.0.0.0:80 (web)`.
  std::string label() const;
};

/// Every line about connections. Targets and texts of the lines that realm has are realm's (spec
/// 4.7). Under the name `realm` their levels are realm's as well; under relay's, each session and
/// each association has one line at `info`, its steps are at `debug`, and errors say where their
/// client came in. Usable from every worker; takes a lock only for errors and for lines at `info`.
class session_log {
 public:
  /// `storm_begins` is called (on any worker) when lines begin to be held back: `write_summaries`
  /// is then to be called every few seconds until it returns false.
  session_log(logs& log, config::dialect rules, std::function<void()> storm_begins);

  /// Whether the times in a session's line are worth a look at the clock.
  bool wants_times() const noexcept;

  /// `client` is who is connected here, as realm has it, whatever a PROXY header says. `warm`: the
  /// connection was there before the client.
  void established(const path_name& path, const ip_endpoint& client, const ip_endpoint& as,
                   bool warm);
  /// An address could not be connected. `has_next`: another one of its name follows.
  void address_failed(const path_name& path, const step_outcome& how, bool has_next);
  /// A client that fails what its endpoint asks goes on to the web server, which is the remote of
  /// `path`.
  void handed_over(const path_name& path, const client_name& client, const char* phase,
                   std::string_view why);
  /// No connection to the remote came about. The rule stands for its main remote (spec 4.7).
  void gave_up(const path_name& path, const client_name& client, const char* phase,
               std::string_view why);
  /// Connections cannot be kept ready, for the first time since they could; then that they can.
  void warm_trouble(const rule& of, std::size_t remote, const char* phase, std::string_view why);
  void warm_again(const rule& of, std::size_t remote);
  /// One that was ready was of no use after all; its client gets another.
  void warm_useless(const path_name& path, const char* phase, std::string_view why);
  void header_accepted(const wire::proxy_header& header);
  /// A client has shown a certificate that was accepted, for `name`.
  void client_verified(const path_name& path, const ip_endpoint& client, const std::string& name);
  /// A sender of PROXY headers is refused; to be told once.
  void untrusted(const path_name& path, const ip_endpoint& sender);
  /// What looking at the files of its certificates has led to.
  void certificates(const rule& of, const transport::tls_refresh& seen);
  void done(const path_name& path, const session_summary& how);
  /// The client had ended, and its remote was cut off before it had said a word.
  void unanswered(const path_name& path, const session_summary& how,
                  std::chrono::milliseconds half_close_timeout);
  void accept_failed(rule& by, const ip_endpoint& listen, const error_code& ec);
  /// A mistake of ours, or no memory, before its session has begun.
  void broke(const path_name& path, const ip_endpoint& client, const char* why);

  // Of datagrams.
  void association_opened(const path_name& path, const ip_endpoint& client, const ip_endpoint& as);
  void association_done(const path_name& path, const session_summary& how,
                        std::uint64_t up_datagrams, std::uint64_t down_datagrams);
  /// A client could not be given an association.
  void no_association(rule& by, const char* why);
  /// One has made room for another; `why` it had to.
  void association_evicted(const path_name& path, const char* why);
  /// Datagrams were dropped; `why` is whose decision that was.
  void datagrams_dropped(const path_name& path, const ip_endpoint& client, const char* why);
  /// A remote says, or the network says of it, that nobody is there.
  void refused(const path_name& path, const ip_endpoint& as, const error_code& ec);
  /// Somebody else sends to an association, which `udp_strangers` does not allow.
  void stranger(const path_name& path, const ip_endpoint& who);
  /// A system call that can be done without is refused: what follows from that. Said once a call.
  void call_refused(const char* call, const char* so);
  /// The kernel did not take datagrams.
  void datagrams_lost(const path_name& path, const ip_endpoint& client, const char* phase,
                      const error_code& ec);
  /// Datagrams for the remote leave one by one, since the kernel does not take them together.
  void uncut(const std::string& remote);
  void receive_failed(rule& by, const error_code& ec);
  void lookup_failed(rule& by, const std::string& remote, const error_code& ec);

  /// Returns whether a storm may still be going on.
  bool write_summaries(storm::clock::time_point now);
  /// At the end: what was held back is not lost.
  void write_final_summaries();

 private:
  enum class kind : std::uint8_t { error, warning };

  /// Whether an error may be written now; if not, it is counted.
  bool admits(const path_name& path, kind what, std::string_view phase, std::string_view why,
              bool datagrams = false);
  bool admits(storm::key what);
  bool has_room(bool is_remarkable);
  /// How a storm calls a way: all ports of a range are one.
  std::string name_of(const rule& by, const std::string& remote) const;
  /// ` (on 0.0.0.0:80 (web))` behind a line of realm's that does not say where its client came in.
  std::string on(const path_name& path) const;
  std::string on(const rule& of) const;
  path_text text_of(const path_name& path) const;
  void tell_refusal(const path_name& path, const session_summary& how);
  void write(const std::vector<storm::summary>& summaries);
  void write(const std::optional<line_budget::summary>& left_out);

  spdlog::logger& tcp_;
  spdlog::logger& middle_;
  spdlog::logger& socket_;
  spdlog::logger& proxy_;
  spdlog::logger& udp_;
  spdlog::logger& udp_middle_;
  spdlog::logger& session_;
  bool as_realm_;
  std::function<void()> storm_begins_;
  std::mutex mutex_;  // of what follows
  storm storm_;
  line_budget budget_;
  std::vector<std::string> refused_calls_;
};

}  // namespace relay::forward
