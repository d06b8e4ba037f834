#pragma once

#include <relay/forward/admission.hpp>
#include <relay/forward/associations.hpp>
#include <relay/forward/binding.hpp>
#include <relay/forward/connection.hpp>
#include <relay/forward/flood_of_ends.hpp>
#include <relay/forward/hook_thread.hpp>
#include <relay/forward/lane_change.hpp>
#include <relay/forward/own_listener.hpp>
#include <relay/forward/rule.hpp>
#include <relay/forward/session_log.hpp>
#include <relay/forward/session_visitor.hpp>
#include <relay/forward/stream_inlet.hpp>
#include <relay/forward/totals.hpp>
#include <relay/forward/warm_pool.hpp>
#include <relay/names/resolver.hpp>
#include <relay/net/task_group.hpp>
#include <relay/net/worker.hpp>
#include <relay/pump/replies.hpp>
#include <relay/pump/workspace.hpp>
#include <relay/transport/tls_engine.hpp>

#include <boost/intrusive/list.hpp>

#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <span>

namespace relay::forward {

/// What all lanes share; each part guards itself.
struct shared_parts {
  admission& door;
  names::resolver& names;
  session_log& log;
  pump::pipe_budget& pipes;
  std::atomic<std::uint64_t>& next_id;
  hook_thread* hooks = nullptr;  ///< where there is a hook
  /// Called on any worker when many connections have ended and few go on to; may be empty.
  const std::function<void()>& calm;
};

/// Everything of the relay that lives on one worker: its listeners, its connections and what they
/// share. Used on its worker only, but for the constructor and what says otherwise.
class lane {
 public:
  lane(net::worker& on, const shared_parts& shared, spdlog::logger& log);
  ~lane();

  net::worker& worker() noexcept { return worker_; }
  pump::workspace& workspace() noexcept { return workspace_; }
  net::task_group& tasks() noexcept { return tasks_; }
  const shared_parts& shared() const noexcept { return shared_; }

  /// Before it runs: the others, for the hand-over of descriptors, and the listeners of all
  /// endpoints.
  void know(std::span<lane* const> all, std::shared_ptr<const own_listeners> own) {
    all_ = all;
    own_ = std::move(own);
  }
  const own_listeners& own() const noexcept { return *own_; }
  /// Where the TLS of all connections here is done.
  transport::tls_engine& tls();
  /// The buffers of everybody who receives datagrams here.
  pump::datagrams& datagrams();
  /// Where answers that come singly are gathered.
  pump::replies& replies();

  /// Serves a rule on a socket of its own, bound to `at`.
  error_code listen(rule& by, bound_socket listening, const ip_endpoint& at);
  /// From the moment it runs, keeps so many connections to a rule's remotes ready.
  void keep_warm(rule& by, std::size_t count);
  /// One of them for a client of its `nth` remote; null: there is none.
  std::unique_ptr<warm_connection> take_warm(const rule& by, std::size_t nth);
  /// A reload, as far as it is this lane's. `opened` are sockets of this lane. What cannot be
  /// listened on after all is told to the log, and left out.
  void apply(const lane_change& change, std::vector<new_listener> opened);
  /// Paused listeners go on.
  void resume();
  /// Gives up what it keeps in store.
  void save_descriptors();
  /// Ends an association of another endpoint or worker, since this one's have none to give. True:
  /// there is room now, of descriptors; else there may be a moment later.
  bool make_room_for(const associations& asking, shortage of);
  /// No new clients from here on; the queues of TCP are closed, and associations end.
  void stop_listening();
  /// Ends every task and every connection with a reset, then calls `closed`. No lane listens any
  /// more.
  void close(std::function<void()> closed);
  /// Then no task may be spawned any more: it would not be cancelled.
  bool is_closing() const noexcept { return closing_; }

  /// Takes a client that this or another worker has accepted and admitted.
  void adopt(rule& by, std::uint16_t nth, unique_fd client, const ip_endpoint& peer);
  /// Adds what goes on here at the moment, by endpoint.
  void count(std::map<const endpoint_state*, live_traffic>& into) const;

  /// Goes through everything that is served here, a little at a time, so that nobody else waits for
  /// long. What comes or goes meanwhile may be seen or not.
  void visit(session_visitor how);
  /// Closes one endpoint's listeners; its associations end with them, its connections go on.
  void stop_listening(const rule& at);

  /// The connection is over: destroys it.
  void remove(connection& over) noexcept;
  /// The place of a connection that is no more.
  void give_back(rule& by) noexcept;

 private:
  /// Counts the periods of a flood of ends.
  class flood_watch final : public net::timer {
   public:
    explicit flood_watch(lane& of) noexcept : of_(of) {}
    void ended();

   private:
    void expired() override;

    lane& of_;
    flood_of_ends ends_;
  };

  /// Ends the sessions of a rule that was replaced when their time is over.
  class farewell final : public net::timer {
   public:
    farewell(lane& of, rule_ptr to) noexcept : of_(of), to_(std::move(to)) {}

   private:
    void expired() override;

    lane& of_;
    rule_ptr to_;
  };
  /// Once in a while, after a reload: looks for what is left over and of no use any more.
  class sweeper final : public net::timer {
   public:
    explicit sweeper(lane& of) noexcept : of_(of) {}

   private:
    void expired() override { of_.sweep(); }

    lane& of_;
  };

  void hand_over(const kept_listener& what);
  void shut(const closed_listener& what);
  void replace(const replaced_rule& what);
  /// Whether all are; of the others a coroutine is under way, whose own limits end it soon.
  bool end_sessions(const rule& of);
  void sweep();

  void accepted(rule& by, std::uint16_t nth, unique_fd client, const ip_endpoint& peer);
  void turned_away(rule& by, std::uint16_t nth, const ip_endpoint& peer) noexcept;
  lane& least_loaded();
  struct walk;
  void go_on(const std::shared_ptr<walk>& by);
  bool walk_connections(walk& by, std::size_t& left);
  bool walk_associations(walk& by, std::size_t& left);
  void step_aside(connection& leaving) noexcept;
  error_code listen_for_streams(rule& by, bound_socket listening, const ip_endpoint& at);
  associations& associations_of(rule& by);
  pump::refused_call one_by_one() const;
  bool give_association(const associations* asking, shortage of);

  net::worker& worker_;
  shared_parts shared_;
  pump::workspace workspace_;
  net::task_group tasks_;
  std::span<lane* const> all_;
  bool closing_ = false;
  std::shared_ptr<const own_listeners> own_;
  std::multimap<ip_endpoint, stream_inlet> inlets_;  // inherited ones may share an address
  std::vector<walk*> walks_;                         // under way
  std::unique_ptr<transport::tls_engine> tls_;       // only where there is TLS
  std::unique_ptr<pump::datagrams> datagrams_;       // megabytes, so only where they are wanted
  std::unique_ptr<pump::replies> replies_;
  std::map<const rule*, associations> associations_;  // holds its rule, as the next
  std::map<const rule*, warm_pool> warm_;
  std::list<farewell> farewells_;
  std::set<const rule*> replaced_;  // that something here may still be held by
  sweeper sweeper_{*this};
  flood_watch flood_{*this};
  std::chrono::steady_clock::time_point next_request_{};  // for room, to the other lanes
  boost::intrusive::list<connection, boost::intrusive::base_hook<lane_hook>> connections_;
};

}  // namespace relay::forward
