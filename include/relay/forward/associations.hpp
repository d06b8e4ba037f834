#pragma once

#include <relay/forward/association.hpp>
#include <relay/forward/datagram_inlet.hpp>
#include <relay/forward/flow_table.hpp>
#include <relay/forward/rule.hpp>
#include <relay/forward/target.hpp>
#include <relay/net/asio.hpp>
#include <relay/net/timer_wheel.hpp>

#include <array>
#include <deque>
#include <list>
#include <memory>
#include <vector>

namespace relay::forward {

class lane;

/// Everything about the datagrams of one endpoint on one worker: its sockets, its clients, and
/// where their remotes are. Used on its worker only.
class associations final : private net::timer {
 public:
  /// `most`: associations at once; beyond, the one that has been idle for longest goes.
  associations(lane& home, rule& by, std::size_t most);
  ~associations();

  error_code listen(std::uint16_t nth, const ip_endpoint& at, unique_fd listening);
  /// Clients that are known go on; nobody new is served.
  void refuse_new() noexcept { refusing_ = true; }
  /// Ends all of them. The tasks of the lane have been joined.
  void close();
  /// Ends one, the longest idle, since somebody else needs its descriptor or port. False: there is
  /// none.
  bool give_one();
  /// Closes the sockets that are only kept for their ports.
  void close_all_retired();

  // What follows is for inlets and associations.
  lane& home() noexcept { return lane_; }
  rule& of() noexcept { return rule_; }
  pump::datagrams& buffers() noexcept;
  void arrived(datagram_inlet& at, std::span<const pump::arrival> all);
  void used(association& by);
  /// The kernel does not cut what goes to the remote of this one.
  void uncut(const association& by);
  /// Datagrams that the kernel did not take, for the remote and for the client.
  void lost(association& by, const pump::send_outcome& how);
  void unanswered(const association& by, const pump::send_outcome& how);

 private:
  /// The socket of one that made room for another. It keeps its port from being given to the next
  /// client at once, who would get the answers that are still on their way to the old one.
  struct retired {
    unique_fd fd;
    int family = 0;
    flow_table::clock::time_point since;
  };
  /// A datagram that waits until its remote's name has been looked up.
  struct held {
    flow_key key;
    std::size_t remote;
    std::size_t segment;
    std::vector<std::byte> bytes;
  };

  void forward(association& by, std::span<pump::datagram_run> runs);
  void flush(std::span<const pump::arrival> all);

  association* create(datagram_inlet& at, const flow_key& key, const socket_address& client);
  bool make_room();
  /// Ends the one that has been idle for longest, other than `but`; false when there is none.
  bool evict(const char* why, bool retires, const association* but = nullptr);
  /// Closes the oldest retired socket; false when there is none.
  bool close_retired();
  void remove(association& gone, pump::end_reason why, bool retires = false);

  bool is_ready(association& by);
  bool open(association& by, const ip_endpoint& to, std::uint32_t version);
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
  rule& rule_;
  std::size_t most_;
  bool refusing_ = false;
  std::list<datagram_inlet> inlets_;
  flow_table flows_;
  std::vector<target> targets_;
  std::vector<bool> asking_;  // a lookup of the remote is under way
  std::vector<held> held_;
  std::size_t held_bytes_ = 0;
  std::deque<retired> retired_;
  flow_table::clock::time_point ports_gone_until_{};  // no use in looking for a free one before

  // Of the batch that is being forwarded.
  std::array<std::uint8_t, pump::datagrams::batch> next_{};
  std::array<association*, pump::datagrams::batch> touched_{};
  std::size_t touched_count_ = 0;
};

}  // namespace relay::forward
