#pragma once

#include <relay/config/config.hpp>
#include <relay/forward/end_reason.hpp>
#include <relay/forward/endpoint_layers.hpp>
#include <relay/forward/error_counts.hpp>
#include <relay/forward/gate.hpp>
#include <relay/forward/proxy_policy.hpp>
#include <relay/forward/route.hpp>
#include <relay/net/socket.hpp>
#include <relay/pump/byte_rates.hpp>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace relay::forward {

/// What an endpoint has done so far. Added to by every worker, read by anybody.
struct counters {
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> visitors{0};    ///< of them, handed over to the web server
  std::atomic<std::uint64_t> warm{0};        ///< of them, that found their remote connected
  std::atomic<std::uint64_t> warm_ready{0};  ///< are kept ready at the moment
  std::atomic<std::uint64_t> warm_made{0};   ///< connections to remotes that were made ahead
  std::atomic<std::uint64_t> up_bytes{0};
  std::atomic<std::uint64_t> down_bytes{0};
  std::atomic<std::uint64_t> associations{0};  ///< that were made
  std::atomic<std::uint64_t> up_datagrams{0};
  std::atomic<std::uint64_t> down_datagrams{0};
  std::atomic<std::uint64_t> lost_datagrams{0};  ///< that arrived here and were not sent on
  /// That were sent to a remote, which said that nobody is there (or a router did).
  std::atomic<std::uint64_t> refused_datagrams{0};
  std::atomic<std::uint64_t> unanswered{0};  ///< cut off by `half_close_timeout` without an answer
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(end_reason::count_)> ended{};
};

/// What outlives the settings of an endpoint: a reload hands it on from one rule to the next.
struct endpoint_state {
  counters count;
  error_counts errors;  ///< guards itself
};

/// One of the remotes of an endpoint: `remote` is the first, `extra_remotes` follow.
struct remote {
  explicit remote(const host_port& from);

  /// Of the listener's n-th port: a range has one for each, otherwise all go to the same.
  std::uint16_t port(std::uint16_t nth) const noexcept {
    return static_cast<std::uint16_t>(ports.size() > 1 ? ports.first + nth : ports.first);
  }

  /// The name with that port alone.
  std::string name_at(std::uint16_t nth) const;

  std::string name;  ///< as configured, `host:port`
  std::string host;
  std::optional<ip_address> address;  ///< a literal; otherwise the name is looked up
  port_range ports;
};

/// One endpoint at run time, under the settings of one configuration: what its connections need to
/// know, prepared once. Shared by all workers; what changes later guards itself. A reload that
/// changes the settings makes another one; this one lives on with its last session.
struct rule : boost::intrusive_ref_counter<rule, boost::thread_safe_counter> {
  /// `log` is told about the health of the remotes. `before`: whose place it takes; it goes on with
  /// its counters, with what is known of the health of its remotes, and with those of its limits
  /// that are the same.
  rule(const config::endpoint& from, endpoint_layers layers, spdlog::logger& log,
       rule* before = nullptr);

  /// Where it listens in fact, once it does: at which address, and at which port (the first of a
  /// range) where the kernel has chosen.
  void listening(const ip_endpoint& at);

  /// Not so when `through` is of the other family.
  bool can_dial(const ip_address& address) const noexcept {
    return !dial.through || dial.through->address.family() == address.family();
  }
  /// The address that connections to remotes come from, if it is given.
  std::optional<ip_address> through() const noexcept {
    if (!dial.through) return std::nullopt;
    return dial.through->address;
  }
  /// Whether a client has to show something before anything is dialled for it.
  bool asks_client() const noexcept { return proxy.accepts || in.any(); }
  /// Whether connections are made ahead of clients. Not where each port of a range has a remote
  /// port of its own: which of them a client will want is not known.
  bool is_warm() const noexcept { return warm > 0; }
  /// The first remote: what the lines about the endpoint call it by.
  const std::string& name() const noexcept { return remotes.front().name; }
  /// Where it listens, all ports of a range; as configured until that is known.
  const std::string& listen_name() const noexcept { return listen_name_; }
  /// The very port of a range.
  std::string listen_name_at(std::uint16_t nth) const;
  /// What lines call the endpoint, all its ports.
  std::string label() const;
  /// The endpoint itself, whose limits hold for its visitors too.
  rule& own() noexcept { return visitors_of != nullptr ? *visitors_of : *this; }
  const rule& own() const noexcept { return visitors_of != nullptr ? *visitors_of : *this; }

  std::string endpoint_name;    ///< as configured; may be empty
  bool streams;                 ///< it serves TCP
  bool datagrams;               ///< it serves UDP
  std::vector<remote> remotes;  ///< never empty
  net::listen_options listen;
  net::dial_options dial;  ///< `through` is filled in when its name has been resolved
  std::chrono::milliseconds tcp_timeout;
  std::chrono::milliseconds connect_limit;
  std::chrono::milliseconds half_close_timeout;
  std::chrono::milliseconds idle_timeout;
  std::chrono::milliseconds udp_timeout;
  std::chrono::milliseconds handshake_timeout;
  bool moderated = true;  ///< connections that move much are woken less often
  std::size_t warm;       ///< connections that are kept ready, by all workers together
  std::chrono::milliseconds warm_max_age;
  bool hook_chooses = false;     ///< among the remotes, since no strategy does
  bool drops_strangers = false;  ///< datagrams for an association that are not from its remote
  std::size_t max_associations;
  /// Of them, for each worker that has a socket for datagrams: it can end only its own.
  std::size_t association_share = 1;
  /// An address and the ports at it; nothing before it listens.
  struct place {
    ip_address address;
    port_range ports;
  };
  std::optional<place> listens_at;
  std::uint64_t max_connections;
  std::shared_ptr<endpoint_state> state;  ///< never null
  std::shared_ptr<gate> shared_limit;     ///< likewise, as the next one
  std::shared_ptr<pump::byte_rates> shared_rates;
  pump::byte_rates& rates;  ///< guards itself
  proxy_policy proxy;
  transport::listen_layers in;
  transport::dial_layers out;
  gate& limit;  ///< `max_connections`; guarded by `admission`
  route way;
  counters& count;
  error_counts& errors;
  std::atomic<bool> is_draining{false};  ///< its listeners are closed, by an operator
  std::atomic_flag uncut_told;           ///< that datagrams cannot be sent together; said once
  /// Another way on from the same listener, for those who do not speak `in`: its remote is the web
  /// server. It has its own route and counters. Null: they are not handed over.
  std::unique_ptr<rule> visitors;
  rule* visitors_of = nullptr;  ///< then: the rule that this one belongs to

 private:
  port_range listen_ports_;
  std::string listen_name_;
};
using rule_ptr = boost::intrusive_ptr<rule>;

/// The rule that a session goes by, which lives at least as long: its endpoint's, or that of the
/// endpoint's visitors.
class rule_hold {
 public:
  explicit rule_hold(rule& by) noexcept : now_(&by) { intrusive_ptr_add_ref(&by.own()); }
  ~rule_hold() { intrusive_ptr_release(&now_->own()); }
  rule_hold(const rule_hold&) = delete;
  rule_hold& operator=(const rule_hold&) = delete;

  rule& operator*() const noexcept { return *now_; }
  rule* operator->() const noexcept { return now_; }
  void go_to_visitors() noexcept { now_ = now_->visitors.get(); }

 private:
  rule* now_;
};

}  // namespace relay::forward
