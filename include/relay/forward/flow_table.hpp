#pragma once

#include <relay/forward/flow_key.hpp>

#include <boost/intrusive/list.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <chrono>
#include <cstddef>

namespace relay::forward {

/// What a table knows of a flow.
struct flow : boost::intrusive::list_base_hook<> {
  explicit flow(const flow_key& of) : key(of) {}

  flow_key key;
  std::chrono::steady_clock::time_point used;  ///< when something last went either way
};

/// The flows of one endpoint on one worker: found by their key, and in the order of their last use.
/// Owns nothing. Pure: time is an argument, and does not run backwards.
class flow_table {
 public:
  using clock = std::chrono::steady_clock;

  explicit flow_table(std::uint64_t seed) : by_key_(0, flow_hash(seed)) {}

  /// The flow of that key, or null.
  flow* find(const flow_key& key) const {
    const auto found = by_key_.find(key);
    return found == by_key_.end() ? nullptr : found->second;
  }
  /// Its key is not in the table.
  void insert(flow& made, clock::time_point now) {
    made.used = now;
    by_key_.emplace(made.key, &made);
    by_use_.push_back(made);
  }
  void erase(flow& gone) {
    by_key_.erase(gone.key);
    by_use_.erase(by_use_.iterator_to(gone));
  }
  /// Costs next to nothing when it was used a moment ago.
  void touch(flow& what, clock::time_point now) {
    if (what.used == now) return;
    what.used = now;
    by_use_.splice(by_use_.end(), by_use_, by_use_.iterator_to(what));
  }
  /// The one that has been idle for longest, other than `but`; null when there is none.
  flow* oldest(const flow* but = nullptr) {
    auto found = by_use_.begin();
    if (found != by_use_.end() && &*found == but) ++found;
    return found == by_use_.end() ? nullptr : &*found;
  }
  std::size_t size() const noexcept { return by_key_.size(); }

 private:
  boost::unordered_flat_map<flow_key, flow*, flow_hash> by_key_;
  boost::intrusive::list<flow, boost::intrusive::constant_time_size<false>> by_use_;
};

}  // namespace relay::forward
