#include <relay/forward/association.hpp>
#include <relay/forward/associations.hpp>
#include <relay/forward/lane.hpp>
#include <relay/net/clock.hpp>
#include <relay/net/datagram_socket.hpp>
#include <relay/wire/proxy.hpp>

#include <algorithm>

namespace relay::forward {
namespace {

constexpr int most_refusals = 16;  // at a time: others want their turn

}  // namespace

association::association(associations& home, datagram_inlet& by, const flow_key& key_of,
                         const socket_address& client, std::size_t remote, std::uint64_t id)
    : flow(key_of),
      home_(home),
      inlet_(by),
      socket_(home.home().worker().poller()),
      is_strict_(home.of().drops_strangers),
      may_be_a_relay_(home.may_be_a_relay(client)),
      remote_(static_cast<std::uint32_t>(remote)),
      id_(id),
      since_(net::coarse_now()),
      client_(client) {
  auto& rates = home_.of().rates;
  if (!rates.any()) return;
  policers_.reset(
      new policers{{rates.own, rates.of(true), since_}, {rates.own, rates.of(false), since_}});
}

path_name association::path() const noexcept { return {home_.of(), remote_, inlet_.nth()}; }

error_code association::open(unique_fd made, const ip_endpoint& to, std::uint32_t version) {
  if (const auto ec = socket_.attach_datagrams(std::move(made))) return ec;
  socket_.notify(this);
  reading_ = {};
  cuts_up_ = true;
  redirect(to, version);
  return {};
}

void association::redirect(const ip_endpoint& to, std::uint32_t version) {
  to_ = socket_address(to);
  version_ = version;
  is_told_ = false;  // whoever is there now has not seen it
}

// A PROXY header and the datagram it tells of are one datagram (spec 8.2; beyond realm).
pump::send_outcome association::send_some(std::span<const pump::datagram_run> runs,
                                          bool with_header) {
  auto& buffers = home_.buffers();
  if (!with_header) return buffers.send(socket_.fd(), to_, {}, runs, cuts_up_);
  const auto header =
      wire::write_proxy_v2(wire::only_source(client_.endpoint()), wire::proxy_transport::datagram);
  return buffers.send(socket_.fd(), to_, {}, runs, cuts_up_, header);
}

// The first that leaves carries the header: one that is too long for it, or that the kernel does
// not take, leaves that to the next.
pump::send_outcome association::send_after_header(std::span<const pump::datagram_run> runs) {
  pump::send_outcome all;
  const auto add = [&all](const pump::send_outcome& part) {
    all.datagrams += part.datagrams;
    all.lost += part.lost;
    all.bytes += part.bytes;
    if (part.lost > 0) all.error = part.error;
  };
  while (!runs.empty() && !is_told_) {
    auto rest = runs.front();
    const auto size = std::min(rest.segment, rest.bytes.size());
    const pump::datagram_run one{rest.bytes.first(size), size};
    const auto how = send_some(std::span(&one, 1), true);
    add(how);
    is_told_ = how.datagrams > 0;
    rest.bytes = rest.bytes.subspan(size);
    runs = runs.subspan(1);
    if (rest.bytes.empty()) continue;
    rest.segment = std::min(rest.segment, rest.bytes.size());
    if (is_told_) {
      add(send_some(std::span(&rest, 1), false));
    } else {
      add(send_after_header(std::span(&rest, 1)));
    }
  }
  if (!runs.empty()) add(send_some(runs, false));
  return all;
}

std::span<pump::datagram_run> association::policed(bool is_up, std::span<pump::datagram_run> runs) {
  std::uint64_t dropped = 0;
  const auto left =
      (is_up ? policers_->up : policers_->down).admit(runs, net::coarse_now(), dropped);
  home_.of().count.lost_datagrams += dropped;
  return left;
}

pump::send_outcome association::deliver(std::span<const pump::datagram_run> runs) {
  const bool cut = cuts_up_;
  const auto mode = home_.of().proxy.datagrams;
  const bool is_first = mode == config::udp_proxy::first && !is_told_;
  const auto how =
      is_first ? send_after_header(runs) : send_some(runs, mode == config::udp_proxy::every);
  if (cut && !cuts_up_) home_.uncut(*this);
  return how;
}

pump::send_outcome association::send(std::span<pump::datagram_run> runs) {
  if (policers_) runs = policed(true, runs);
  if (runs.empty()) return {};
  auto how = deliver(runs);
  while (how.datagrams == 0 && home_.goes_on(*this, how.error)) how = deliver(runs);
  up_.bytes += how.bytes;
  up_.datagrams += how.datagrams;
  return how;
}

bool association::is_at(const socket_address& place) const noexcept {
  if (place.any.sa_family != to_.any.sa_family) return false;
  if (place.any.sa_family == AF_INET) {
    return place.v4.sin_port == to_.v4.sin_port &&
           place.v4.sin_addr.s_addr == to_.v4.sin_addr.s_addr;
  }
  return place.v6.sin6_port == to_.v6.sin6_port &&
         IN6_ARE_ADDR_EQUAL(&place.v6.sin6_addr, &to_.v6.sin6_addr);
}

// It has just been used, so the time is known.
loop_watch::verdict association::watch_for_loops(const pump::datagram_run& next) {
  const auto one = next.bytes.first(std::min(next.segment, next.bytes.size()));
  return loops_.see(fingerprint(one), static_cast<std::uint32_t>(down_.datagrams), used);
}

void association::wake() {
  if (has(socket_.events(), net::seen::broken) && !hear_refusals()) return;
  if (reading_.takes_one()) return answer_one();
  error_code ec;
  const auto turn = socket_.on().turns();
  const auto answers = home_.buffers().receive(socket_.fd(), reading_, turn, ec);
  if (ec) home_.home().shared().log.receive_failed(home_.of(), ec);
  if (answers.empty()) return;
  answer(answers);
}

// False: it has ended for it.
bool association::hear_refusals() {
  socket_.clear(net::seen::broken);
  for (int i = 0; i < most_refusals; ++i) {
    const auto told = net::take_refusal(socket_.fd());
    if (!told) return true;
    if (!home_.refused(*this, *told)) return false;
  }
  return true;  // the poller tells of the others once more
}

// The remote, or where it was a moment ago: answers may be on their way.
bool association::is_welcome(const socket_address& from) {
  if (!is_strict_ || is_at(from) || home_.has_just_left(*this, from)) return true;
  home_.stranger(*this, from);
  return false;
}

// It leaves with those of other clients.
void association::answer_one() {
  error_code ec;
  auto& all = home_.home().replies();
  socket_address from;
  const auto got = all.receive(socket_.fd(), ec, is_strict_ ? &from : nullptr);
  if (ec) home_.home().shared().log.receive_failed(home_.of(), ec);
  if (!got) return;
  reading_.mode.record(socket_.on().turns(), 1);
  if (!is_welcome(from)) return;
  home_.answered(*this);
  pump::datagram_run one{*got, got->size()};
  if (policers_ && policed(false, std::span(&one, 1)).empty()) return;
  all.add({inlet_.fd(), &client_, inlet_.own_address(key), *got, this});
}

void association::answer(std::span<const pump::arrival> answers) {
  auto all = home_.buffers().runs().first(answers.size());
  std::size_t count = 0;
  for (const auto& each : answers) {
    if (is_welcome(*each.from)) all[count++] = each.data;
  }
  if (count == 0) return;
  all = all.first(count);
  home_.answered(*this);
  if (policers_) all = policed(false, all);
  if (all.empty()) return;
  replied(home_.buffers().send(inlet_.fd(), client_, inlet_.own_address(key), all, cuts_down_));
}

void association::replied(const pump::send_outcome& how) {
  if (down_.datagrams == 0 && how.datagrams > 0) home_.first_answer();
  down_.bytes += how.bytes;
  down_.datagrams += how.datagrams;
  if (how.lost > 0) home_.unanswered(*this, how);
}

}  // namespace relay::forward
