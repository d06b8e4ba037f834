#include <relay/base/log.hpp>
#include <relay/forward/binding.hpp>
#include <relay/forward/server.hpp>

#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <spdlog/logger.h>

#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <latch>
#include <span>
#include <stdexcept>
#include <system_error>

namespace relay::forward {
namespace {

// An unprivileged user may have 64 MiB in pipes (pipe-user-pages-soft) before the kernel refuses;
// the same is a sensible bound on kernel memory for root. Only directions with a slow sink keep
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
  for (const auto& each : settings_.endpoints) rules_.push_back(std::make_unique<rule>(each));
}

server::~server() { stop(); }

std::vector<bind_failure> server::bind() {
  std::vector<bind_failure> failed;
  for (std::size_t i = 0; i < settings_.endpoints.size(); ++i) {
    if (settings_.endpoints[i].network.no_tcp) continue;
    if (auto why = bind_one(i)) failed.push_back({i, std::move(*why)});
  }
  return failed;
}

std::optional<std::string> server::bind_one(std::size_t index) {
  const auto& from = settings_.endpoints[index];
  if (from.through) {
    auto local = resolve_through(*from.through);
    if (auto* why = std::get_if<std::string>(&local)) return std::move(*why);
    rules_[index]->dial.through = std::get<ip_endpoint>(local);
  }
  auto made = bind_endpoint(from.listen, rules_[index]->listen, options_.workers);
  if (auto* why = std::get_if<std::string>(&made)) return std::move(*why);
  auto& sockets = std::get<bound_sockets>(made);
  sockets_.push_back({index, sockets.at, std::move(sockets.each)});
  return std::nullopt;
}

std::optional<ip_endpoint> server::bound(std::size_t endpoint) const {
  const auto found = std::ranges::find(sockets_, endpoint, &listening::endpoint);
  if (found == sockets_.end()) return std::nullopt;
  return found->at;
}

std::size_t server::affordable_descriptors() const {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 2;
  std::size_t open = 0;
  std::error_code ec;
  for (std::filesystem::directory_iterator it("/proc/self/fd", ec), end; !ec && it != end;
       it.increment(ec)) {
    ++open;
  }
  const auto taken = open + reserved_descriptors(options_.workers);
  // One connection at a time always goes, however small the limit.
  return limit.rlim_cur > taken + 2 ? limit.rlim_cur - taken : 2;
}

void server::make_lanes() {
  for (std::size_t i = 0; i < options_.workers; ++i) {
    workers_.push_back(std::make_unique<net::worker>(i));
  }
  door_ = std::make_unique<admission>(affordable_descriptors());
  door_->on_full([this] {
    for (auto* each : all_lanes_) each->worker().post([each] { each->save_descriptors(); });
  });
  door_->on_room([this] {
    for (auto* each : all_lanes_) each->worker().post([each] { each->resume(); });
  });
  door_->on_idle([this] { tell_when_drained(); });
  const auto capacity = std::max<std::size_t>(options_.pipe_bytes, 4096);
  pipes_ = std::make_unique<pump::pipe_budget>(
      std::max<std::size_t>(pipe_memory / capacity, 1), capacity,
      [this] { return door_->spare_pipe(); }, [this] { door_->return_pipe(); });
  names_ =
      std::make_unique<net::resolver>(settings_.dns, log_.target("relay::dns"), options_.names);
  session_log_ = std::make_unique<session_log>(log_, [this] { storm_watch_->begin(); });
  storm_watch_ = std::make_unique<storm_watch>(*workers_.front(), *session_log_);
  const shared_parts shared{*door_, *names_, *session_log_, *pipes_, next_id_};
  for (auto& each : workers_) {
    names_->attach(each->index(), each->loop());
    lanes_.push_back(std::make_unique<lane>(*each, shared, log_.target("relay")));
    all_lanes_.push_back(lanes_.back().get());
  }
  for (auto* each : all_lanes_) each->know(all_lanes_);
}

void server::listen_on(lane& at, std::size_t index) {
  for (auto& from : sockets_) {
    const auto ec =
        at.listen(*rules_[from.endpoint], 0, std::move(from.each[index]), from.at.to_string());
    if (ec) throw boost::system::system_error(ec, "listening on " + from.at.to_string());
  }
}

void server::start() {
  make_lanes();
  for (std::size_t i = 0; i < lanes_.size(); ++i) listen_on(*lanes_[i], i);
  try {
    for (auto& each : workers_) {
      threads_.emplace_back([worker = each.get()] { worker->run(); });
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
  for (auto* each : all_lanes_) names_->detach(each->worker().index());  // also of those
  if (session_log_) session_log_->write_final_summaries();
}

}  // namespace relay::forward
