#include "held.hpp"
#include "pattern.hpp"
#include "request.hpp"
#include "stage.hpp"
#include "transfer.hpp"
#include "works.hpp"

#include <sys/epoll.h>

#include <algorithm>

namespace relay::bench {
namespace {

constexpr std::size_t at_once = 256;  // connections under way, so that no accept queue overflows
constexpr std::uint32_t size = 64;

struct idle_totals {
  std::uint64_t up = 0;
  std::uint64_t lost = 0;
};

/// A connection that has done one exchange, so that it is whole, and then stays.
class idle_client final : public handler {
 public:
  idle_client(stage& at, idle_totals& totals)
      : events_(at.events), totals_(totals), socket_(at.dial_program()) {
    events_.add(socket_.get(), *this, EPOLLIN | EPOLLOUT);
  }

  void ready(std::uint32_t events) override {
    if (!asked_ && (events & EPOLLOUT)) ask();
    if (!(events & ~std::uint32_t{EPOLLOUT})) return;
    const auto got = receive_some(socket_.get(), shared_block());
    if (got.what == moved::end || got.what == moved::failed) {
      ++totals_.lost;
      socket_.reset();
      return;
    }
    answered_ += got.bytes;
    if (got.bytes > 0 && answered_ == size) ++totals_.up;
  }

 private:
  void ask() {
    const auto head = request{role::exchange, {}, size, size}.bytes();
    std::vector<char> message(head.begin(), head.end());
    message.resize(message.size() + size, 'q');
    asked_ = true;
    (void)send_some(socket_.get(), message);  // what does not leave is never answered, and counted
    events_.change(socket_.get(), *this, EPOLLIN);
  }

  loop& events_;
  idle_totals& totals_;
  unique_fd socket_;
  bool asked_ = false;
  std::size_t answered_ = 0;
};

}  // namespace

int idle_work(options& given) {
  stage at(given);
  const auto wanted = given.number("connections", 1);
  const auto limit = given.seconds("limit", 60);
  given.check();
  idle_totals totals;
  std::vector<std::unique_ptr<idle_client>> clients;
  const auto end = steady::now() + std::chrono::duration<double>(limit);
  while (totals.up + totals.lost < wanted && steady::now() < end) {
    while (clients.size() < wanted && clients.size() - totals.up - totals.lost < at_once) {
      clients.push_back(std::make_unique<idle_client>(at, totals));
    }
    at.events.turn(std::chrono::milliseconds(10));
  }
  return hold(at.events, [&] {
    report told;
    told.add("units", totals.up - std::min(totals.lost, totals.up)).add("errors", totals.lost);
    return told;
  });
}

}  // namespace relay::bench
