#include <relay/net/clock.hpp>
#include <relay/net/worker.hpp>

#include <boost/asio/post.hpp>

namespace relay::net {
namespace {

using std::chrono::steady_clock;

// While events are frequent the worker waits in its own poller, since going through Asio costs
// three system calls more per wake-up. While coroutines live here Asio's own work (their timers,
// name servers) waits this long at most, whether it waits or is busy;
constexpr std::chrono::microseconds own_turn{200};
// otherwise there is none but the tick of the wheel. So long a limit costs nothing to set: the
// kernel's next tick comes first, and the clock need not be programmed for it at each wait.
constexpr std::chrono::microseconds quiet_turn{10000};

}  // namespace

worker::worker(std::size_t index, fault_handler fault)
    : index_(index),
      fault_(std::move(fault)),
      poller_([this] { announced(); }),
      mailbox_(poller_, fault_),
      readiness_(loop_),
      tick_timer_(loop_),
      wheel_(
          [this] {
            start_ticks();
            return tick_now();
          },
          [this] { return std::chrono::ceil<std::chrono::milliseconds>(note() - origin_); }) {
  poller_.on_fault(fault_);
  wheel_.on_fault(fault_);
  // Not before the loop runs: each descriptor that is added to a poller that is itself polled takes
  // a lock of the whole kernel, and a range has thousands.
  asio::post(loop_, [this] {
    readiness_.assign(poller_.fd());
    await_poller();
  });
}

worker::~worker() { (void)readiness_.release(); }  // the poller closes its descriptor

// What a handler of Asio's has thrown leaves the loop, which goes on where it was.
void worker::run() {
  for (bool done = false; !done;) {
    contain(fault_, [this, &done] {
      loop_.run();
      done = true;
    });
  }
}

void worker::finish() {
  finishing_ = true;
  readiness_.cancel();
  tick_timer_.cancel();
}

// Several may be under way: those behind the first take memory. Without any the bell brings the
// poller its turn.
void worker::announced() {
  const auto turn = [this] { run_scheduled(); };
  if (!attempted([&] { asio::post(loop_, kept_in(for_announcement_, turn)); })) mailbox_.ring();
}

// Waiters that were scheduled from one of Asio's handlers: a limit, an answer from a name server.
void worker::run_scheduled() {
  if (poller_.has_work()) turn(std::chrono::microseconds(0));
  poller_.rest();  // nobody may be waiting in the poller now
  if (poller_.has_work()) announced();
}

bool worker::turn(std::chrono::microseconds limit) {
  constexpr auto relaxed = std::memory_order_relaxed;
  is_serving_.store(true, relaxed);
  const bool worked = poller_.turn(limit);
  is_serving_.store(false, relaxed);
  turns_.store(turns_.load(relaxed) + 1, relaxed);  // nobody else writes
  return worked;
}

pulse worker::pulse() const noexcept {
  return {turns_.load(std::memory_order_relaxed), is_serving_.load(std::memory_order_relaxed),
          poller_.collected()};
}

void worker::await_poller() {
  readiness_.async_wait(asio::posix::stream_descriptor::wait_read,
                        kept_in(for_wait_, [this](const boost::system::error_code& ec) {
                          if (!ec && !finishing_) serve_poller();
                        }));
}

void worker::serve_poller() {
  const auto began = steady_clock::now();
  // Waiting here pays only if the next event is near: a wait in vain costs a wake-up of its own.
  const bool frequent = began - last_event_ < patience();
  bool worked = turn(std::chrono::microseconds(0));
  if (worked) last_event_ = began;
  // While it polls the armed, nothing but the clock would bring us back.
  while (!finishing_ && ((worked && (frequent || poller_.has_work())) || poller_.is_polling())) {
    const auto now = steady_clock::now();
    if (now - began >= patience()) {
      asio::post(loop_, kept_in(for_turn_, [this] {
                   if (!finishing_) serve_poller();
                 }));
      return;
    }
    worked = turn(patience());
    if (worked) last_event_ = steady_clock::now();
  }
  if (!finishing_) await_poller();
}

std::chrono::microseconds worker::patience() const {
  return asio_needed_ && asio_needed_() ? own_turn : quiet_turn;
}

worker_clock::time_point worker::note() const { return clock_.now(coarse_now() + coarse_grain); }

std::uint32_t worker::tick_now() const {
  return static_cast<std::uint32_t>((now() - origin_) / timer_wheel::tick);
}

void worker::start_ticks() {
  clock_.expect_look(steady_clock::now() + timer_wheel::tick);
  await_tick();
}

void worker::await_tick() {
  tick_timer_.expires_at(clock_.due());
  tick_timer_.async_wait(kept_in(for_tick_, [this](const boost::system::error_code& ec) {
    if (!ec && !finishing_) tick();
  }));
}

void worker::tick() {
  const auto real = steady_clock::now();
  const auto late = real - clock_.due();
  if (!clock_.look(real, timer_wheel::tick)) return await_tick();
  // A little late: what came meanwhile came in time.
  if (late > timer_wheel::tick) {
    turn(std::chrono::microseconds(0));
    run_scheduled();
  }
  if (!wheel_.advance(tick_now())) return clock_.expect_none();
  clock_.expect_look(steady_clock::now() + timer_wheel::tick);
  await_tick();
}

}  // namespace relay::net
