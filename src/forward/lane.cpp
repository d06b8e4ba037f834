#include <relay/forward/lane.hpp>
#include <relay/net/clock.hpp>
#include <relay/net/fault.hpp>

#include <algorithm>
#include <memory>
#include <new>

namespace relay::forward {
namespace {

constexpr std::chrono::milliseconds request_pause{20};
constexpr std::chrono::seconds flood_period{1};

}  // namespace

lane::lane(net::worker& on, const shared_parts& shared, spdlog::logger& log)
    : worker_(on),
      shared_(shared),
      workspace_(on.poller(), on.wheel(), shared.pipes),
      tasks_(on.loop().get_executor(), log) {
  worker_.on_asio_needed([this] { return !tasks_.is_empty(); });
}

lane::~lane() {
  connections_.clear_and_dispose([](connection* left) { delete left; });
}

transport::tls_engine& lane::tls() {
  if (!tls_) tls_ = std::make_unique<transport::tls_engine>(worker_.poller());
  return *tls_;
}

pump::datagrams& lane::datagrams() {
  if (!datagrams_) datagrams_ = std::make_unique<pump::datagrams>(true, one_by_one());
  return *datagrams_;
}

pump::refused_call lane::one_by_one() const {
  return
      [&log = shared_.log](const char* call) { log.call_refused(call, "datagrams go one by one"); };
}

pump::replies& lane::replies() {
  if (!replies_) replies_ = std::make_unique<pump::replies>(worker_.poller(), one_by_one());
  return *replies_;
}

error_code lane::listen(rule& by, bound_socket listening, const ip_endpoint& at) {
  if (!listening.datagrams) return listen_for_streams(by, std::move(listening), at);
  return associations_of(by).listen(std::move(listening), at);
}

error_code lane::listen_for_streams(rule& by, bound_socket listening, const ip_endpoint& at) {
  if (listening.listens_later) {
    if (const auto ec = net::begin_listening(listening.fd.get(), by.listen)) return ec;
  }
  const auto events = [this](stream_inlet& of) {
    net::listener::events on;
    on.accepted = [this, &of](unique_fd client, const ip_endpoint& peer) {
      accepted(*of.by, of.nth, std::move(client), peer);
    };
    on.admit = [this, &of] { return shared_.door.enter(of.by->limit); };
    on.not_used = [this, &of] { shared_.door.leave(of.by->limit); };
    on.failed = [this, &of](const error_code& ec) {
      net::contain({}, [&] { shared_.log.accept_failed(*of.by, of.at, ec); });
    };
    return on;
  };
  const auto made =
      inlets_.emplace(std::piecewise_construct, std::forward_as_tuple(at),
                      std::forward_as_tuple(worker_.poller(), worker_.wheel(), rule_ptr(&by),
                                            listening.nth, at, events));
  return made->second.listener.start(std::move(listening.fd));
}

associations& lane::associations_of(rule& by) {
  return associations_.try_emplace(&by, *this, by, by.association_share).first->second;
}

void lane::keep_warm(rule& by, std::size_t count) {
  auto& made = warm_.try_emplace(&by, *this, by, count).first->second;
  worker_.post([&made] { made.start(); });
}

std::unique_ptr<warm_connection> lane::take_warm(const rule& by, std::size_t nth) {
  const auto found = warm_.find(&by);
  return found == warm_.end() ? nullptr : found->second.take(nth);
}

void lane::save_descriptors() {
  for (auto& [by, each] : warm_) each.yield();
  workspace_.pipes().clear();
  for (auto& [by, each] : associations_) each.close_all_retired();
}

bool lane::make_room_for(const associations& asking, shortage of) {
  if (give_association(&asking, of)) return true;
  const auto now = net::coarse_now();
  if (now < next_request_) return false;
  next_request_ = now + request_pause;
  for (auto* each : all_) {
    if (each != this) each->worker_.post([each, of] { each->give_association(nullptr, of); });
  }
  return false;
}

bool lane::give_association(const associations* asking, shortage of) {
  return std::ranges::any_of(associations_, [&](auto& each) {
    return &each.second != asking && each.second.give_one(of);
  });
}

void lane::resume() {
  for (auto& [at, each] : inlets_) each.listener.resume();
}

void lane::stop_listening() {
  inlets_.clear();
  for (auto& [by, each] : warm_) each.close();
  for (auto& [by, each] : associations_) each.close();
}

void lane::close(std::function<void()> closed) {
  closing_ = true;
  tasks_.cancel();
  tasks_.when_empty([this, closed = std::move(closed)] {
    while (!connections_.empty()) connections_.front().abort();  // it removes itself
    for (auto& [by, each] : associations_) each.close();
    closed();
  });
}

void lane::accepted(rule& by, std::uint16_t nth, unique_fd client, const ip_endpoint& peer) {
  ++by.count.accepted;
  auto& home = least_loaded();
  ++home.worker_.load;  // here, so that a burst is spread and not all sent to one
  if (&home == this) return adopt(by, nth, std::move(client), peer);
  const bool sent = net::attempted([&] {
    auto fd = std::make_shared<unique_fd>(std::move(client));
    home.worker_.post([&home, by = rule_ptr(&by), nth, peer, fd = std::move(fd)] {
      home.adopt(*by, nth, std::move(*fd), peer);
    });
  });
  if (!sent) home.turned_away(by, nth, peer);
}

// There was no memory for it. From any worker.
void lane::turned_away(rule& by, std::uint16_t nth, const ip_endpoint& peer) noexcept {
  ++by.count.ended[static_cast<std::size_t>(end_reason::internal_error)];
  net::contain({}, [&] { shared_.log.broke({by, 0, nth}, peer, "no memory"); });
  give_back(by);
}

// SO_REUSEPORT spreads by a hash, which puts two long connections on one worker half the time. A
// hand-over costs a wake-up, so a busy worker keeps what it has accepted unless the difference
// matters.
lane& lane::least_loaded() {
  const auto ours = worker_.load.load(std::memory_order_relaxed);
  lane* best = this;
  auto least = ours;
  for (auto* each : all_) {
    const auto load = each->worker_.load.load(std::memory_order_relaxed);
    if (load < least) {
      least = load;
      best = each;
    }
  }
  return ours - least > ours / 8 ? *best : *this;
}

void lane::adopt(rule& by, std::uint16_t nth, unique_fd client, const ip_endpoint& peer) {
  auto* const made = new (std::nothrow) connection(*this, by, nth, peer, ++shared_.next_id);
  if (made == nullptr) return turned_away(by, nth, peer);
  connections_.push_back(*made);
  made->start(std::move(client));
}

void lane::count(std::map<const endpoint_state*, live_traffic>& into) const {
  for (const auto& each : connections_) {
    auto& to = into[each.by().state.get()];
    ++to.connections;
    to.up_bytes += each.up();
    to.down_bytes += each.down();
  }
  for (const auto& [by, each] : associations_) into[by->state.get()] += each.traffic();
}

void lane::give_back(rule& by) noexcept {
  --worker_.load;
  shared_.door.leave(by.limit);
}

void lane::remove(connection& over) noexcept {
  const rule_ptr by(&over.by());  // which may be its last
  if (!walks_.empty()) step_aside(over);
  connections_.erase(connections_.iterator_to(over));
  delete &over;
  net::contain({}, [this] { flood_.ended(); });
  give_back(*by);
}

void lane::flood_watch::ended() {
  if (ends_.ended()) of_.worker_.wheel().arm(*this, flood_period);
}

void lane::flood_watch::expired() {
  if (!ends_.period_over()) {
    of_.worker_.wheel().arm(*this, flood_period);
  } else if (of_.shared_.calm) {
    of_.shared_.calm();
  }
}

}  // namespace relay::forward
