#include "measurement.hpp"
#include "pattern.hpp"
#include "request.hpp"
#include "stage.hpp"
#include "transfer.hpp"
#include "works.hpp"

#include <sys/epoll.h>

namespace relay::bench {
namespace {

/// A client that sends, receives or does both for as long as the run lasts.
class bulk_client final : public handler {
 public:
  bulk_client(stage& at, role what) : socket_(at.dial_program()), what_(what) {
    at.events.add(fd(), *this, EPOLLOUT | EPOLLIN);
    loop_ = &at.events;
  }

  void ready(std::uint32_t events) override {
    if (broken) return;
    if (events & EPOLLOUT) give();
    if (events & ~std::uint32_t{EPOLLOUT}) take();
    if (broken) socket_.reset();
  }

  std::uint64_t received = 0;
  bool broken = false;

 private:
  int fd() const noexcept { return socket_.get(); }

  void give() {
    if (greeted_) {
      broken = send_some(fd(), shared_block()).what == moved::failed;
      return;
    }
    const auto head = request{what_, {}, 0, 0}.bytes();
    broken = send_some(fd(), head).bytes != head.size();  // an empty socket takes a few bytes
    greeted_ = true;
    if (what_ == role::source && !broken) loop_->change(fd(), *this, EPOLLIN);
  }

  void take() {
    const auto got = discard_some(fd());
    received += got.bytes;
    broken = broken || got.what == moved::failed || got.what == moved::end;
  }

  unique_fd socket_;
  role what_;
  loop* loop_ = nullptr;
  bool greeted_ = false;
};

role parse_direction(const std::string& text) {
  if (text == "up") return role::sink;
  if (text == "down") return role::source;
  if (text == "both") return role::both;
  throw usage_error("--direction: up, down or both, not " + text);
}

}  // namespace

int stream_work(options& given) {
  stage at(given);
  const auto what = parse_direction(given.text("direction", "up"));
  std::vector<std::unique_ptr<bulk_client>> clients(given.number("connections", 1));
  const auto received = [&] {
    std::uint64_t sum = at.remote ? at.remote->seen.received : 0;
    for (const auto& client : clients) sum += client ? client->received : 0;
    return sum;
  };
  measurement run(
      given,
      [&] {
        if (at.remote) at.remote->seen = {};
        for (auto& client : clients) client->received = 0;
      },
      [&] { return received() > 0; });
  given.check();
  for (auto& client : clients) client = std::make_unique<bulk_client>(at, what);

  while (run.goes_on(received())) at.events.turn(std::chrono::milliseconds(10));
  const auto bytes = received();
  std::uint64_t broken = 0;
  std::uint64_t starved = 0;  // got nothing at all; only where this end is the receiver
  for (const auto& client : clients) {
    broken += client->broken ? 1 : 0;
    starved += what != role::sink && client->received == 0 ? 1 : 0;
  }
  run.results().add("bytes", bytes).add("errors", broken).add("starved", starved).print();
  return 0;
}

}  // namespace relay::bench
