#include <relay/forward/warm_policy.hpp>

#include <algorithm>
#include <functional>
#include <numeric>

namespace relay::forward {

std::size_t warm_part(std::size_t warm, std::size_t worker, std::size_t workers) noexcept {
  if (warm == 0) return 0;
  const auto part = warm / workers + (worker < warm % workers ? 1 : 0);
  return std::max<std::size_t>(part, 1);
}

// By the largest remainder; the worker's number decides between equals.
std::vector<std::size_t> spread_warm(std::size_t part, std::span<const std::uint32_t> shares,
                                     std::size_t worker) {
  std::vector<std::size_t> made(shares.size(), 0);
  const auto sum = std::accumulate(shares.begin(), shares.end(), std::size_t{0});
  if (sum == 0) return made;
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const auto which = (i + worker) % shares.size();
    made[which] = part * shares[which] / sum;
    if (shares[which] > 0) order.push_back(which);
  }
  std::ranges::stable_sort(order, std::greater{},
                           [&](std::size_t which) { return part * shares[which] % sum; });
  auto left = part - std::accumulate(made.begin(), made.end(), std::size_t{0});
  for (const auto which : order) {
    if (left == 0) break;
    ++made[which];
    --left;
  }
  return made;
}

// From the last third on, in its first half: there is time for the successor, even after a failure.
warm_policy::life warm_policy::begin(time_point now, double noise) const noexcept {
  if (max_age_.count() == 0) return {now, time_point::max(), time_point::max()};
  const std::chrono::duration<double, std::milli> whole(max_age_);
  const auto renewal = whole * (0.75 + 0.08 * noise);
  return {now, now + std::chrono::duration_cast<time_point::duration>(renewal), now + max_age_};
}

double warm_policy::allowance(time_point now) noexcept {
  const auto most = static_cast<double>(wanted_);
  const std::chrono::duration<double> passed = now - counted_;
  counted_ = now;
  saved_ = std::min(most, saved_ + passed.count() * most * most_per_second);
  return saved_;
}

std::size_t warm_policy::dial(time_point now, std::size_t fresh, std::size_t under_way) noexcept {
  is_limited_ = false;
  const auto saved = allowance(now);
  const auto goal = failures_ > 0 ? std::min<std::size_t>(wanted_, 1) : wanted_;
  if (fresh + under_way >= goal || now < paused_until_) return 0;
  const auto lacking = goal - fresh - under_way;
  const auto count = std::min(lacking, static_cast<std::size_t>(saved));
  saved_ -= static_cast<double>(count);
  is_limited_ = count < lacking;
  return count;
}

bool warm_policy::failed(time_point now, double noise) noexcept {
  // Those that were begun together fail together.
  if (failures_ > 0 && now < paused_until_) return false;
  const auto doubled = shortest_pause * (1 << std::min(failures_, 6));
  const auto pause = std::min<milliseconds>(doubled, longest_pause);
  const std::chrono::duration<double, std::milli> noisy(pause * (1.0 + spread * noise));
  paused_until_ = now + std::chrono::duration_cast<time_point::duration>(noisy);
  return ++failures_ == 1;
}

bool warm_policy::lost(const life& of, time_point now, double noise) noexcept {
  return !has_lasted(of, now) && failed(now, noise);
}

bool warm_policy::proved() noexcept {
  const bool was_in_trouble = failures_ > 0;
  failures_ = 0;
  paused_until_ = {};
  return was_in_trouble;
}

bool warm_policy::used() noexcept {
  saved_ = std::min(static_cast<double>(wanted_), saved_ + 1);
  return proved();
}

warm_policy::milliseconds warm_policy::patience() const noexcept {
  constexpr milliseconds soon{100};
  constexpr milliseconds later{1000};
  if (is_limited_) return soon;
  return max_age_.count() == 0 ? later : std::clamp(max_age_ / 20, soon, later);
}

}  // namespace relay::forward
