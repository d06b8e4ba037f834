#include "measurement.hpp"

#include "process_cpu.hpp"

#include <ctime>

namespace relay::bench {
namespace {

constexpr std::chrono::seconds longest_warm_up{10};

steady::duration as_duration(double seconds) {
  return std::chrono::duration_cast<steady::duration>(std::chrono::duration<double>(seconds));
}

double own_cpu_now() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace

measurement::measurement(options& given, std::function<void()> forget_warm_up,
                         std::function<bool()> is_warm)
    : watched_(parse_pids(given.text("watch").c_str())),
      forget_(std::move(forget_warm_up)),
      is_warm_(std::move(is_warm)),
      warm_up_(given.seconds("warm-up", 0.3)),
      amount_(given.number("amount", 0)),
      seconds_(as_duration(given.seconds("seconds", 1))),
      begin_(steady::now() + as_duration(warm_up_)),
      end_(begin_ + seconds_) {}

bool measurement::goes_on(std::uint64_t done) {
  const auto now = steady::now();
  if (!counting_ && now >= begin_ && (is_warm_() || now >= begin_ + longest_warm_up)) begin();
  if ((!counting_ || now < end_) && (amount_ == 0 || done < amount_)) return true;
  over_ = now;
  own_cpu_ = own_cpu_now() - own_cpu_;
  cpu_ = cpu_of(watched_) - cpu_;
  return false;
}

void measurement::begin() {
  counting_ = true;
  forget_();
  cpu_ = cpu_of(watched_);
  own_cpu_ = own_cpu_now();
  begin_ = steady::now();
  end_ = begin_ + seconds_;
}

report measurement::results() const {
  report made;
  made.add("seconds", std::chrono::duration<double>(over_ - begin_).count());
  return made.add("cpu", cpu_).add("own_cpu", own_cpu_);
}

}  // namespace relay::bench
