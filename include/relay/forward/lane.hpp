#pragma once

#include <relay/forward/admission.hpp>
#include <relay/forward/associations.hpp>
#include <relay/forward/binding.hpp>
#include <relay/forward/connection.hpp>
#include <relay/forward/flood_of_ends.hpp>
#include <relay/forward/hook_thread.hpp>
#include <relay/forward/own_listener.hpp>
#include <relay/forward/rule.hpp>
#include <relay/forward/session_log.hpp>
#include <relay/forward/totals.hpp>
#include <relay/forward/warm_pool.hpp>
#include <relay/names/resolver.hpp>
#include <relay/net/listener.hpp>
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
#include <span>

namespace relay::forward {

/// What all lanes share; each part guards itself.
struct shared_parts {
  admission& door;
  names::resolver& names;
  session_log& log;
  pump::pipe_budget& pipes;
  std::atomic<std::uint64_t>& next_id;
  const own_listeners& own;
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

  /// Before it runs: the others, for the hand-over of descriptors.
  void know(std::span<lane* const> all) { all_ = all; }
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
  void count(std::map<const rule*, live_traffic>& into) const;

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

  void accepted(rule& by, std::uint16_t nth, unique_fd client, const ip_endpoint& peer);
  lane& least_loaded();
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
  std::list<net::listener> listeners_;
  std::unique_ptr<transport::tls_engine> tls_;  // only where there is TLS
  std::unique_ptr<pump::datagrams> datagrams_;  // megabytes, so only where they are wanted
  std::unique_ptr<pump::replies> replies_;
  std::map<const rule*, associations> associations_;
  std::map<const rule*, warm_pool> warm_;
  flood_watch flood_{*this};
  std::chrono::steady_clock::time_point next_request_{};  // for room, to the other lanes
  boost::intrusive::list<connection, boost::intrusive::base_hook<lane_hook>> connections_;
};

}  // namespace relay::forward
