#include "measurement.hpp"
#include "pattern.hpp"
#include "request.hpp"
#include "stage.hpp"
#include "transfer.hpp"
#include "works.hpp"

#include <sys/epoll.h>
#include <sys/prctl.h>

#include <algorithm>

namespace relay::bench {
namespace {

constexpr auto longest_interval = std::chrono::milliseconds(1);
constexpr double largest_chunk = 64 << 10;

/// Sends chunks at fixed times. A chunk that cannot leave keeps its time, so that waiting counts.
class paced_client final : public handler {
 public:
  paced_client(stage& at, double bytes_per_second)
      : events_(at.events),
        interval_(std::min<steady::duration>(
            longest_interval,
            std::chrono::duration_cast<steady::duration>(
                std::chrono::duration<double>(largest_chunk / bytes_per_second)))),
        socket_(at.dial_program()),
        next_(steady::now() + interval_) {
    const auto seconds = std::chrono::duration<double>(interval_).count();
    chunk_.resize(
        std::max(sizeof(stamp) + 1, static_cast<std::size_t>(bytes_per_second * seconds)));
    const auto head = request{role::paced, {}, 0, 0}.bytes();
    waiting_.assign(head.begin(), head.end());
    events_.add(socket_.get(), *this, EPOLLIN | EPOLLOUT);
  }

  steady::time_point next() const noexcept { return next_; }

  void send_due(steady::time_point now) {
    for (; next_ <= now && !broken; next_ += interval_) {
      const auto due = (waiting_.empty() ? steady::now() : next_).time_since_epoch();
      const stamp first{due.count(), chunk_.size()};
      std::copy_n(reinterpret_cast<const char*>(&first), sizeof first, chunk_.data());
      waiting_.insert(waiting_.end(), chunk_.begin(), chunk_.end());
      flush();
    }
  }

  void ready(std::uint32_t events) override {
    if (events & ~std::uint32_t{EPOLLOUT}) {
      const auto got = discard_some(socket_.get());
      broken = broken || got.what == moved::end || got.what == moved::failed;
    }
    if (!broken) flush();
    if (broken) socket_.reset();
  }

  bool broken = false;

 private:
  void flush() {
    const auto out =
        waiting_.empty() ? transfer{moved::blocked} : send_some(socket_.get(), waiting_);
    broken = broken || out.what == moved::failed;
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(out.bytes));
    if (broken || waiting_.empty() != blocked_) return;
    blocked_ = !waiting_.empty();
    events_.change(socket_.get(), *this, blocked_ ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }

  loop& events_;
  steady::duration interval_;
  unique_fd socket_;
  steady::time_point next_;
  std::vector<char> chunk_;
  std::vector<char> waiting_;
  bool blocked_ = true;  // until it is connected
};

}  // namespace

int paced_work(options& given) {
  ::prctl(PR_SET_TIMERSLACK, 1);
  stage at(given);
  const auto rate = static_cast<double>(given.number("rate", 100'000'000)) / 8;
  std::vector<std::unique_ptr<paced_client>> clients(given.number("connections", 1));
  measurement run(given, [&] { at.remote->seen = {}; });
  given.check();
  if (!at.remote || rate < 1 || clients.empty()) {
    throw usage_error("paced: --listen, --rate and --connections");
  }
  for (auto& client : clients) client = std::make_unique<paced_client>(at, rate);

  while (run.goes_on()) {
    auto next = run.end();
    for (const auto& client : clients) next = std::min(next, client->next());
    at.events.turn_until(next);
    for (auto& client : clients) client->send_due(steady::now());
  }
  const auto broken = std::count_if(clients.begin(), clients.end(),
                                    [](const auto& client) { return client->broken; });
  const auto& seen = at.remote->seen;
  auto told = run.results();
  told.add("units", seen.age.count()).add("bytes", seen.received).add("errors", broken);
  told.add(seen.age).print();
  return 0;
}

}  // namespace relay::bench
