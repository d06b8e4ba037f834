#include <relay/pump/policer.hpp>

#include <algorithm>

namespace relay::pump {
namespace {

using std::chrono::nanoseconds;

// The burst that passes: what the rate yields in so long, and at least so many bytes, for what the
// rate is low.
constexpr nanoseconds burst = std::chrono::milliseconds(50);
constexpr nanoseconds longest_burst = std::chrono::seconds(1);
constexpr std::uint64_t least_burst_bytes = 16 * 1024;

nanoseconds burst_of(const token_bucket& rate) {
  return std::clamp(rate.time_of(least_burst_bytes), burst, longest_burst);
}

}  // namespace

policer::policer(std::uint64_t own, shared_rate* with, clock::time_point now) : with_(with) {
  if (own != 0) own_.emplace(own, now);
  if (with != nullptr) fair_.emplace(with->bucket.rate(), now);
}

std::size_t policer::admit(const datagram_run& run, clock::time_point now) {
  auto count = static_cast<std::uint64_t>(run.count());
  if (own_) count = own_->book_some(run.segment, count, now, burst_of(*own_));
  const auto passed = with_ != nullptr && count > 0 ? admit_shared(run.segment, count, now) : count;
  const auto bytes = std::min<std::uint64_t>(passed * run.segment, run.bytes.size());
  if (own_) own_->refund(count * run.segment - bytes);  // the last of a run may be shorter
  if (with_ != nullptr) with_->bucket.refund(passed * run.segment - bytes);
  return passed;
}

// A share is what one has of the rate when all flows that were met lately have as much. Below half
// of the burst there is enough for everybody; above, only who has not had its share yet gets more.
std::uint64_t policer::admit_shared(std::uint64_t bytes, std::uint64_t count,
                                    clock::time_point now) {
  auto& all = with_->bucket;
  const auto most = burst_of(all);
  const auto sharing = with_->meet(now, met_);
  const auto fair = fair_->book_some(bytes * sharing, count, now, most);
  if (all.spent_ahead(now) >= most / 2) count = fair;
  return all.book_some(bytes, count, now, most);
}

std::span<datagram_run> policer::admit(std::span<datagram_run> runs, clock::time_point now,
                                       std::uint64_t& dropped) {
  std::size_t kept = 0;
  for (const auto& each : runs) {
    const auto count = each.count();
    const auto passed = admit(each, now);
    dropped += count - passed;
    if (passed == 0) continue;
    runs[kept++] = {each.bytes.first(std::min(each.bytes.size(), passed * each.segment)),
                    each.segment};
  }
  return runs.first(kept);
}

}  // namespace relay::pump
