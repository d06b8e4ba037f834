#include <relay/forward/associations.hpp>
#include <relay/forward/lane.hpp>

#include <algorithm>
#include <span>

/// The part of `associations` that follows a reload: listeners change hands, clients stay where
/// they are for as long as they speak.
namespace relay::forward {

void associations::hand_over(const ip_endpoint& at, associations& next, std::uint16_t nth) {
  const auto is_there = [&at](const auto& each) { return each->at() == at; };
  for (auto found = std::ranges::find_if(inlets_, is_there); found != inlets_.end();
       found = std::ranges::find_if(inlets_, is_there)) {
    (*found)->lead_to(next, nth);
    next.inlets_.push_back(*found);
    left_.push_back(std::move(*found));
    inlets_.erase(found);
  }
}

// Whoever answers through it, of whatever rule, could do so no more.
void associations::shut(const ip_endpoint& at) {
  for (auto& each : inlets_) {
    if (each->at() != at) continue;
    for (auto* home = this; home != nullptr; home = home->older_) home->end_users_of(*each);
    each->close();
  }
  std::erase_if(inlets_, [&at](const auto& each) { return each->at() == at; });
}

void associations::end_users_of(const datagram_inlet& gone) {
  lane_.replies().flush();
  std::vector<association*> all;
  flows_.for_each([&](flow& each) {
    auto& one = static_cast<association&>(each);
    if (&one.inlet() == &gone) all.push_back(&one);
  });
  for (auto* each : all) remove(*each, end_reason::shutdown);
}

void associations::forget(const associations& over) noexcept {
  if (older_ == &over) older_ = over.older_;
}

bool associations::is_over() const noexcept {
  const bool asks = std::ranges::find(asking_, true) != asking_.end();
  return inlets_.empty() && flows_.size() == 0 && retired_.is_empty() && held_.empty() && !asks;
}

// Such a client is rare and its time is short, so its datagrams go on one by one.
bool associations::served_by_older(const flow_key& key, const pump::arrival& what) {
  for (auto* home = this; home != nullptr; home = home->older_) {
    auto* const found = static_cast<association*>(home->flows_.find(key));
    if (found == nullptr) continue;
    home->heard(*found, now());
    auto run = what.data;
    home->forward(*found, std::span(&run, 1));
    return true;
  }
  return false;
}

}  // namespace relay::forward
