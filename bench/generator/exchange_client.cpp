#include "exchange_client.hpp"

#include "pattern.hpp"
#include "request.hpp"
#include "transfer.hpp"

#include <sys/epoll.h>

#include <algorithm>

namespace relay::bench {

exchange_client::exchange_client(stage& at, const exchange_plan& plan, exchange_totals& totals)
    : at_(at), plan_(plan), totals_(totals) {
  const auto head = request{role::exchange, {}, plan.ask, plan.answer}.bytes();
  greeting_.assign(head.begin(), head.end());
  greeting_.resize(head.size() + plan.ask, 'q');
  start();
}

void exchange_client::start() {
  begun_ = steady::now();
  socket_ = at_.dial_program();
  greeted_ = false;
  waiting_ = true;
  unsent_ = greeting_.size();
  missing_ = plan_.answer;
  at_.events.add(fd(), *this, EPOLLIN | EPOLLOUT);
}

void exchange_client::ready(std::uint32_t events) {
  bool alive = true;
  if (events & EPOLLOUT) alive = send_rest();
  if (alive && (events & ~std::uint32_t{EPOLLOUT})) alive = take();
  if (alive) return;
  ++totals_.errors;
  start();
}

void exchange_client::ask() {
  begun_ = steady::now();
  unsent_ = plan_.ask;
  missing_ = plan_.answer;
}

bool exchange_client::send_rest() {
  while (unsent_ > 0) {
    auto piece = std::span<const char>(greeting_).last(static_cast<std::size_t>(unsent_));
    if (greeted_) {
      piece = shared_block().first(std::min<std::size_t>(block_size, piece.size()));
    }
    const auto out = send_some(fd(), piece);
    if (out.what == moved::failed) return false;
    unsent_ -= out.bytes;
    if (out.what == moved::blocked) break;
  }
  greeted_ = greeted_ || unsent_ == 0;
  if ((unsent_ > 0) != waiting_) {
    waiting_ = unsent_ > 0;
    at_.events.change(fd(), *this, waiting_ ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }
  return true;
}

bool exchange_client::take() {
  // Nobody looks at a long answer, so the kernel may throw it away.
  const auto got = missing_ > block_size ? discard_some(fd()) : receive_some(fd(), shared_block());
  if (got.what == moved::blocked) return true;
  if (got.what != moved::some || got.bytes > missing_) return false;
  missing_ -= got.bytes;
  if (missing_ > 0) return true;
  finish();
  return !plan_.lasting || send_rest();
}

void exchange_client::finish() {
  totals_.latency.add(steady::now() - begun_);
  ++totals_.done;
  if (plan_.lasting) {
    ask();
  } else {
    start();
  }
}

}  // namespace relay::bench
