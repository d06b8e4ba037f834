#include <relay/base/log.hpp>
#include <relay/base/parallel.hpp>
#include <relay/base/units.hpp>
#include <relay/forward/binding.hpp>
#include <relay/forward/server.hpp>
#include <relay/net/descriptors.hpp>
#include <relay/net/slow_set.hpp>
#include <relay/pump/socket_memory.hpp>

#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <spdlog/logger.h>

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <ctime>
#include <latch>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace relay::forward {
namespace {

// An unprivileged user may have 64 MiB in pipes (pipe-user-pages-soft) before the kernel refuses;
// the same is a sensible bound on kernel memory for root. Only directions with a full sink keep
// one.
constexpr std::size_t pipe_memory = std::size_t{56} << 20;

// Descriptors that connections must leave alone: sockets to name servers, a reopened log file.
std::size_t reserved_descriptors(std::size_t workers) { return 8 + 4 * workers; }

}  // namespace

/// Writes what a storm of errors has held back, once a second while there is one.
class server::storm_watch final : public net::timer {
 public:
  storm_watch(net::worker& on, session_log& log) : worker_(on), log_(log) {}

  /// From any worker.
  void begin() {
    worker_.post([this] {
      if (!is_armed()) worker_.wheel().arm(*this, std::chrono::seconds(1));
    });
  }

 private:
  void expired() override {
    if (log_.write_summaries(storm::clock::now())) {
      worker_.wheel().arm(*this, std::chrono::seconds(1));
    }
  }

  net::worker& worker_;
  session_log& log_;
};

server::server(const config::settings& settings, logs& log, server_options options)
    : settings_(settings), log_(log), options_(std::move(options)) {
  options_.workers = std::max<std::size_t>(options_.workers, 1);
  auto layers = make_layers(settings_, warnings_, options_.credentials);
  const auto is_error = [](const config::problem& each) {
    return each.severity == config::problem::level::error;
  };
  if (std::ranges::any_of(warnings_, is_error)) throw config::config_error(std::move(warnings_));
  for (std::size_t i = 0; i < settings_.endpoints.size(); ++i) {
    const rule_ptr made(
        new rule(settings_.endpoints[i], std::move(layers[i]), log_.target("relay::balance")));
    live_.push_back({made, {}, {}, {}});
  }
  opened_.resize(live_.size());
}

server::~server() { stop(); }

std::vector<bind_failure> server::bind() {
  std::vector<bind_failure> failed;
  for (std::size_t i = 0; i < settings_.endpoints.size(); ++i) {
    const auto& network = settings_.endpoints[i].network;
    if (network.no_tcp && !network.use_udp) continue;
    if (auto why = bind_one(i)) {
      live_[i].failure = *why;
      failed.push_back({i, std::move(*why)});
    }
  }
  return failed;
}

std::size_t server::bound_count() const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(live_, [](const live_endpoint& each) { return each.at.has_value(); }));
}

std::vector<std::size_t> server::deaf() const {
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < live_.size(); ++i) {
    if (!live_[i].failure.empty()) all.push_back(i);
  }
  return all;
}

std::vector<net::inherited_socket> server::take_unwanted() {
  auto left = std::exchange(options_.inherited, {});
  std::erase_if(left, [](const net::inherited_socket& each) { return !each.fd; });
  return left;
}

std::optional<std::string> server::bind_one(std::size_t index) {
  const auto& from = settings_.endpoints[index];
  auto& of = *live_[index].by;
  if (auto lack = find_way(of, from)) return std::move(lack->message);
  const bind_request wanted{from.listen, of.listen, of.streams, of.datagrams, options_.workers, {}};
  auto made = bind_endpoint(wanted, options_.inherited);
  if (auto* why = std::get_if<std::string>(&made)) return std::move(*why);
  auto& bound = std::get<bound_endpoint>(made);
  for (const auto& each : bound.sockets) {
    if (!from.network.accept_mptcp || each.datagrams || net::is_mptcp(each.fd.get())) continue;
    log_.target("relay").warn(
        "`accept_mptcp` has no effect on the inherited socket {}: it was opened for plain TCP "
        "(SocketProtocol=mptcp)",
        bound.at.to_string());
  }
  take_in(live_[index], std::move(bound), opened_[index]);
  return std::nullopt;
}

std::size_t server::affordable_descriptors() const {
  const auto [limit, open] = net::descriptors();
  const auto taken = open + reserved_descriptors(options_.workers);
  // One connection at a time always goes, however small the limit.
  return limit > taken + 2 ? limit - taken : 2;
}

void server::make_lanes() {
  for (std::size_t i = 0; i < options_.workers; ++i) {
    workers_.push_back(
        std::make_unique<net::worker>(i, [&log = log_.target("relay")](const std::exception& e) {
          log.error("a part of a worker failed: {}", e.what());
        }));
  }
  door_ = std::make_unique<admission>(affordable_descriptors(), settings_.process.max_connections);
  door_->on_full([this] {
    for (auto* each : all_lanes_) each->worker().post([each] { each->save_descriptors(); });
  });
  door_->on_room([this] {
    for (auto* each : all_lanes_) each->worker().post([each] { each->resume(); });
  });
  door_->on_idle([this] { tell_when_drained(); });
  door_->on_limit([&log = log_.target("relay")](const gate& which, bool bites) {
    if (bites) {
      log.warn("{} is at its limit of {} connections: more clients wait", which.name(),
               which.limit());
    } else {
      log.info("{} has room again, nobody has waited for {} s", which.name(), gate::calm.count());
    }
  });
  const auto capacity = std::max<std::size_t>(options_.pipe_bytes, 4096);
  const auto lacks_splice = pump::lacks_splice();
  if (lacks_splice) {
    log_.target("relay").debug("splice: {}: whatever moves much is copied", describe(lacks_splice));
  }
  pipes_ = std::make_unique<pump::pipe_budget>(
      lacks_splice ? 0 : std::max(pipe_memory, capacity), capacity,
      [this] { return door_->spare_pipe(); }, [this] { door_->return_pipe(); });
  names_ =
      std::make_unique<names::resolver>(settings_.dns, log_.target("relay::dns"), options_.names);
  session_log_ =
      std::make_unique<session_log>(log_, settings_.rules, [this] { storm_watch_->begin(); });
  storm_watch_ = std::make_unique<storm_watch>(*workers_.front(), *session_log_);
  if (options_.hook) {
    hooks_ = std::make_unique<hook_thread>(*options_.hook, log_.target("relay::hook"));
  }
  device_watch_ = std::make_unique<net::device_watch>(
      workers_.front()->poller(),
      [this](const std::string& device, auto what) { device_changed(device, what); });
  const auto own = own_listeners_of(live_);
  const shared_parts shared{*door_,   *names_,      *session_log_, *pipes_,
                            next_id_, hooks_.get(), options_.calm};
  for (auto& each : workers_) {
    names_->attach(each->index(), each->loop());
    lanes_.push_back(std::make_unique<lane>(*each, shared, log_.target("relay")));
    all_lanes_.push_back(lanes_.back().get());
  }
  const auto configured = settings_.process.socket_memory;
  const auto bound = configured != 0 ? configured : pump::system_socket_memory();
  memory_ = std::make_unique<pump::socket_memory>(bound, [bound, &log = log_.target("relay")] {
    log.debug("socket_memory ({}): connections with slow readers get small queues",
              print_size(bound));
  });
  const bool has_rates =
      std::ranges::any_of(live_, [](const auto& each) { return each.by->rates.any(); });
  for (auto* each : all_lanes_) {
    each->know(all_lanes_, own);
    each->workspace().bound_by(*memory_);
    if (has_rates) each->workspace().alarms();  // here, where it may fail
  }
}

void server::listen() {
  for (std::size_t i = 0; i < live_.size(); ++i) {
    if (!live_[i].at) continue;
    auto& of = *live_[i].by;
    auto& all = opened_[i];
    // No worker runs yet, so a lane may be used by any one thread.
    const auto shares = threads_for(all.size(), options_.workers);
    in_parallel(shares, [&](std::size_t nth) { listen_share(of, all, nth, shares); });
    keep_warm(of);
  }
  std::vector<std::vector<new_listener>>().swap(opened_);
}

// Devices of the settings in force. The watch belongs to the first worker.
void server::watch_devices() {
  std::map<std::string, std::string> at;
  for (const auto& each : live_) {
    const auto& device = each.by->listen.interface;
    if (device.empty() || !each.at) continue;
    auto& all = at[device];
    all += (all.empty() ? "" : ", ") + each.at->to_string();
  }
  workers_.front()->post([this, at = std::move(at)] {
    std::vector<std::string> devices;
    for (const auto& [device, where] : at) devices.push_back(device);
    listening_at_ = at;
    if (const auto ec = device_watch_->follow(devices)) {
      log_.target("relay").debug(
          "`listen_interface`: {}: it will not be noticed when a device goes", describe(ec));
    }
  });
}

void server::device_changed(const std::string& device, net::device_watch::event what) {
  auto& log = log_.target("relay");
  const auto& at = listening_at_[device];
  if (what == net::device_watch::event::gone) {
    log.error("the device {} has gone: {} can be reached by nobody until it is back", device, at);
  } else {
    log.warn("the device {} is another one now: {} is opened again", device, at);
  }
  if (device_changed_) device_changed_(device);
}

void server::lose_device(const std::string& device) {
  for (auto& each : live_) {
    if (each.by->listen.interface != device || each.listeners.empty()) continue;
    each.failure = "its device " + device + " has gone";
  }
}

// On every worker: a client is served where there is least to do, wherever it was accepted.
void server::keep_warm(rule& of) {
  if (!of.is_warm()) return;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    lanes_[i]->keep_warm(of, warm_part(of.warm, i, lanes_.size()));
  }
}

/// Every `shares`-th worker's sockets, from the n-th worker on.
void server::listen_share(rule& of, std::vector<new_listener>& all, std::size_t nth,
                          std::size_t shares) {
  for (auto& each : all) {
    if (each.socket.worker % shares != nth) continue;
    auto& on = *lanes_[each.socket.worker];
    if (const auto ec = on.listen(of, std::move(each.socket), each.at)) {
      throw boost::system::system_error(ec, "listening on " + each.at.to_string());
    }
  }
}

void server::start() {
  make_lanes();
  listen();
  watch_devices();
  const bool datagrams = std::ranges::any_of(
      settings_.endpoints, [](const config::endpoint& each) { return each.network.use_udp; });
  if (const auto lacks = datagrams ? pump::lacking_offload() : std::string(); !lacks.empty()) {
    log_.target("relay").debug("this kernel lacks {}: datagrams go one by one", lacks);
  }
  const bool moderated =
      std::ranges::any_of(live_, [](const auto& each) { return each.by->moderated; });
  if (moderated && !net::has_short_waits()) {
    log_.target("relay").debug(
        "this kernel lacks epoll_pwait2 (Linux 5.11), or it is forbidden: no wake-up moderation");
  }
  try {
    for (auto& each : workers_) {
      threads_.emplace_back([worker = each.get()] {
        // For top -H and gdb. By the thread itself: for another it is a file in /proc, which a
        // process that must not be dumped may not open.
        const auto name = "worker-" + std::to_string(worker->index());
        pthread_setname_np(pthread_self(), name.c_str());
        worker->run();
      });
    }
  } catch (const std::system_error& e) {
    const auto started = threads_.size();
    stop();
    throw std::runtime_error("cannot start " + std::to_string(workers_.size()) + " workers: " +
                             e.code().message() + " after " + std::to_string(started));
  }
}

void server::drain(std::function<void()> drained) {
  drained_ = std::move(drained);
  lanes_listening_ = lanes_.size();
  draining_ = true;
  for (auto* each : all_lanes_) {
    each->worker().post([this, each] {
      each->stop_listening();
      --lanes_listening_;
      tell_when_drained();
    });
  }
}

std::vector<net::pulse> server::pulses() const {
  std::vector<net::pulse> each;
  for (const auto& worker : workers_) each.push_back(worker->pulse());
  return each;
}

std::chrono::milliseconds server::processor_time(std::size_t worker) {
  clockid_t clock{};
  timespec spent{};
  if (pthread_getcpuclockid(threads_[worker].native_handle(), &clock) != 0) return {};
  if (::clock_gettime(clock, &spent) != 0) return {};
  return std::chrono::milliseconds(spent.tv_sec * 1000 + spent.tv_nsec / 1'000'000);
}

bool server::turn_within(std::chrono::milliseconds limit) {
  struct count {
    std::mutex mutex;
    std::condition_variable grown;
    std::size_t turned = 0;
  };
  const auto all = std::make_shared<count>();  // one may turn when nobody waits any more
  for (const auto& each : workers_) {
    each->post([all] {
      const std::lock_guard lock(all->mutex);
      ++all->turned;
      all->grown.notify_one();
    });
  }
  std::unique_lock lock(all->mutex);
  return all->grown.wait_for(lock, limit, [&] { return all->turned == workers_.size(); });
}

std::vector<std::uint32_t> server::loads() const {
  std::vector<std::uint32_t> each;
  for (const auto& worker : workers_) each.push_back(worker->load);
  return each;
}

// Whoever makes the last of the conditions true comes here after it has.
void server::tell_when_drained() {
  if (!draining_ || lanes_listening_ != 0 || door_->connections() != 0) return;
  if (draining_.exchange(false)) drained_();
}

void server::stop() {
  // Lanes without a thread, after a failed start, have nothing to end.
  const auto running = std::span(all_lanes_).first(threads_.size());
  // First nobody accepts any more, then everybody ends: a descriptor that is handed over meanwhile
  // must find its new worker still there.
  std::latch all_deaf(static_cast<std::ptrdiff_t>(running.size()));
  for (auto* each : running) {
    each->worker().post([each, &all_deaf] {
      each->stop_listening();
      all_deaf.count_down();
    });
  }
  all_deaf.wait();
  for (auto* each : running) {
    each->worker().post([this, each] {
      each->close([this, each] {
        names_->detach(each->worker().index());
        each->worker().finish();
      });
    });
  }
  for (auto& each : threads_) each.join();
  threads_.clear();
  if (hooks_) hook_hangs_ = !hooks_->stop();  // while the workers that it answers to are there
  for (auto* each : all_lanes_) names_->detach(each->worker().index());  // also of those
  if (session_log_) session_log_->write_final_summaries();
}

}  // namespace relay::forward
