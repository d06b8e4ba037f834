#include "checked_stream.hpp"
#include "report.hpp"
#include "request.hpp"
#include "stage.hpp"
#include "transfer.hpp"
#include "works.hpp"

#include <sys/epoll.h>

namespace relay::bench {
namespace {

checked_stream::manner manner_of(role what) {
  using manner = checked_stream::manner;
  return what == role::half_close ? manner::ends_when_sent : manner::ends_when_both_are_done;
}

/// The client's end of one checked connection.
class checked_client final : public handler {
 public:
  checked_client(stage& at, role what, std::uint32_t total)
      : events_(at.events),
        socket_(at.dial_program()),
        stream_(socket_.get(), total, manner_of(what)) {
    head_ = request{what, {}, total, 0}.bytes();
    events_.add(socket_.get(), *this, EPOLLIN | EPOLLOUT);
  }

  void ready(std::uint32_t events) override {
    if (!greeted_) {
      if (!(events & EPOLLOUT)) return fail();
      if (send_some(socket_.get(), head_).bytes != head_.size()) return fail();
      greeted_ = true;
    }
    state = stream_.run();
    if (state == checked_stream::state::going) {
      events_.change(socket_.get(), *this, stream_.wanted());
    } else {
      socket_.reset();
    }
  }

  std::uint64_t missing() const noexcept { return stream_.missing(); }
  checked_stream::state state = checked_stream::state::going;

 private:
  void fail() {
    state = checked_stream::state::broken;
    socket_.reset();
  }

  loop& events_;
  unique_fd socket_;
  checked_stream stream_;
  std::array<char, 12> head_{};
  bool greeted_ = false;
};

struct verdict {
  bool intact;
  std::uint64_t missing;  // bytes that the client did not get
};

verdict check(stage& at, role what, std::uint32_t total, double limit) {
  checked_client client(at, what, total);
  const auto end = steady::now() + std::chrono::duration<double>(limit);
  at.remote->seen = {};
  const auto& seen = at.remote->seen;
  const auto open = [&] {
    if (client.state == checked_stream::state::broken) return false;
    return client.state == checked_stream::state::going || seen.intact + seen.broken == 0;
  };
  while (open() && steady::now() < end) at.events.turn(std::chrono::milliseconds(10));
  const bool intact = client.state == checked_stream::state::intact && seen.intact == 1;
  return {intact, client.missing()};
}

}  // namespace

int verify_work(options& given) {
  stage at(given);
  const auto total = static_cast<std::uint32_t>(given.number("bytes", 8U << 20));
  const auto limit = given.seconds("limit", 5);
  given.check();
  if (!at.remote) throw usage_error("verify: --listen is missing");
  const auto both = check(at, role::both_ways, total, limit);
  const auto half = check(at, role::half_close, total, limit);
  report told;
  told.add("both_ways", int{both.intact}).add("both_ways_missing", both.missing);
  told.add("half_close", int{half.intact}).add("half_close_missing", half.missing).print();
  return 0;
}

}  // namespace relay::bench
