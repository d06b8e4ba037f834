#pragma once

#include <relay/forward/association.hpp>
#include <relay/forward/binding.hpp>
#include <relay/forward/datagram_inlet.hpp>
#include <relay/forward/flow_table.hpp>
#include <relay/forward/quarantine.hpp>
#include <relay/forward/rule.hpp>
#include <relay/forward/target.hpp>
#include <relay/forward/totals.hpp>
#include <relay/net/asio.hpp>
#include <relay/net/datagram_socket.hpp>
#include <relay/net/timer_wheel.hpp>

#include <array>
#include <list>
#include <memory>
#include <vector>

namespace relay::forward {

class lane;

/// What an association takes that others may lack.
enum class shortage : std::uint8_t { descriptors, ports };

/// Everything about the datagrams of one endpoint on one worker: its sockets, its clients, and
/// where their remotes are. Used on its worker only.
class associations final : private net::timer {
 public:
  /// `most`: associations at once; beyond, the most dispensable goes (`flow_table`).
  associations(lane& home, rule& by, std::size_t most);
  ~associations();

  error_code listen(bound_socket listening, const ip_endpoint& at);
  /// The listener at that address leads to `next` from now on, if there is one.
  void hand_over(const ip_endpoint& at, associations& next, std::uint16_t nth);
  /// Closes the listener at that address, and ends those who use it.
  void shut(const ip_endpoint& at);
  /// Clients of an older rule of the same endpoint are served by it while they have an association
  /// there.
  void follow(associations& older) noexcept { older_ = &older; }
  void forget(const associations& over) noexcept;
  /// Ends all of them; those who speak again get new ones, by whatever rule their listener leads
  /// to.
  void end_all();
  /// Whether nobody needs it any more.
  bool is_over() const noexcept;
  /// Ends all of them, closes the listeners, and takes nobody any more. The listeners have to go
  /// with the first: another process may want their port, and while two have it the kernel shares
  /// the clients out to both. Answers could leave from there no more.
  void close();
  /// Ends one since somebody else needs its descriptor, or its port, which is free some time later.
  /// False: there is none.
  bool give_one(shortage of);
  /// Of those that it has at the moment.
  live_traffic traffic() const;
  /// What finds each of them again, later, if it is still there.
  std::vector<flow_key> keys() const;
  association* find(const flow_key& key) const;
  /// Ends one since an operator wants that.
  void kill(association& which);
  /// Closes the sockets that are only kept for their ports, unless no others are left.
  void close_all_retired();

  // What follows is for inlets and associations.
  lane& home() noexcept { return lane_; }
  rule& of() noexcept { return rule_; }
  pump::datagrams& buffers() noexcept;
  void arrived(datagram_inlet& at, std::span<const pump::arrival> all);
  void answered(association& by);  ///< by its remote
  /// Whether a client's port is one that relays may listen on.
  bool may_be_a_relay(const socket_address& client) const;
  void first_answer() noexcept { ++answered_; }
  /// An address could not be sent to: whether it has another one now.
  bool goes_on(association& by, const error_code& why);
  /// Nobody is where it has sent to. False: it has been ended for that, and goes on with another
  /// remote.
  bool refused(association& by, const net::refusal& told);
  /// Whether its remote was there a moment ago.
  bool has_just_left(const association& by, const socket_address& place) const;
  void stranger(const association& by, const socket_address& from);
  /// The kernel does not cut what goes to the remote of this one.
  void uncut(const association& by);
  /// For lines about the endpoint, which its main remote stands for.
  path_name main_path(const association& by) const noexcept;
  /// Datagrams that the kernel did not take, for the client.
  void unanswered(const association& by, const pump::send_outcome& how);

 private:
  /// A datagram that waits until its remote's name has been looked up.
  struct held {
    flow_key key;
    std::size_t remote;
    std::size_t segment;
    std::vector<std::byte> bytes;
  };

  flow_table::clock::time_point now() const;
  /// By its client, whose datagrams came at that moment.
  void heard(association& by, flow_table::clock::time_point moment);
  void forward(association& by, std::span<pump::datagram_run> runs);
  void drop(std::span<const pump::datagram_run> runs);
  void lost(association& by, const pump::send_outcome& how);
  void sort_out(datagram_inlet& at, std::span<const pump::arrival> all);
  void flush(std::span<const pump::arrival> all);
  void forget_batch() noexcept;

  void end_users_of(const datagram_inlet& gone);
  bool served_by_older(const flow_key& key, const pump::arrival& what);
  association* create(datagram_inlet& at, const flow_key& key, const pump::arrival& first);
  bool goes_round(association& by, const pump::datagram_run& next);
  bool goes_round(const ip_endpoint& client, std::size_t remote, std::uint16_t nth,
                  const pump::datagram_run& first);
  bool make_room();
  bool is_full() const noexcept;
  bool evict_for_limit();
  /// Ends the most dispensable, other than `but`; false when there is none.
  bool evict(const char* why, bool retires, const association* but = nullptr);
  /// Sees to it that a port is free in a while; false when there is nobody to give one.
  bool retire_one(const association* but);
  /// Closes the oldest retired socket; false when there is none.
  bool close_retired();
  /// Closes those whose time is over.
  void close_over();
  void remove(association& gone, end_reason why, bool retires = false) noexcept;
  void tell_of_end(const association& gone, end_reason why);
  void end_idle();
  /// The same for one that never had a socket.
  void discard(association& gone);

  bool is_ready(association& by);
  error_code open(association& by, const ip_endpoint& to, std::uint32_t version, const char** step);
  /// Whether datagrams to that place come back to this endpoint, by way of others of this process.
  bool leads_back(const ip_endpoint& to) const;
  bool address_failed(const association& by);
  bool give_up(association& by, const error_code& why);
  void ask_anew(std::size_t remote);
  result<unique_fd> make_socket(const association& by, int family, const char** step);
  result<unique_fd> take_over(const association& by, int family);
  void look(std::size_t remote);
  void learn(std::size_t remote, const std::vector<ip_address>& found);
  task<> look_up(std::size_t remote);
  void hold(const association& by, std::span<const pump::datagram_run> runs);
  void release_held(std::size_t remote, bool send);

  void expired() override;
  void arm();

  lane& lane_;
  const rule_ptr keeps_alive_;
  rule& rule_;
  associations* older_ = nullptr;
  std::size_t most_;
  bool refusing_ = false;
  std::vector<std::shared_ptr<datagram_inlet>> inlets_;  // that lead here
  std::vector<std::shared_ptr<datagram_inlet>> left_;    // that did, for answers
  flow_table flows_;
  std::vector<target> targets_;
  std::vector<bool> asking_;  // a lookup of the remote is under way
  std::vector<held> held_;
  std::size_t held_bytes_ = 0;
  quarantine retired_;
  flow_table::clock::time_point ports_gone_until_{};  // no use in looking for a free one before

  loop_watch newcomers_;        // their first datagrams
  std::uint32_t made_ = 0;      // associations,
  std::uint32_t answered_ = 0;  // and those of them that were answered

  // Of the batch that is being forwarded.
  std::array<std::uint8_t, pump::datagrams::batch> next_{};
  std::array<association*, pump::datagrams::batch> touched_{};
  std::size_t touched_count_ = 0;
};

}  // namespace relay::forward
