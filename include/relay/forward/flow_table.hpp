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
  bool is_assured = false;                     ///< see `flow_table::assure`
};

/// The flows of one endpoint on one worker: found by their key, and in the order of their last use.
/// A flow is assured once its client has spoken again after an answer, so it is where it says it
/// is. An answer alone proves nothing: remotes answer datagrams with a forged source as well. Those
/// that are not assured make room first, so a flood of forged datagrams pushes out only itself.
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
    made.is_assured = false;
    by_key_.emplace(made.key, &made);
    others_.push_back(made);
  }
  void erase(flow& gone) {
    by_key_.erase(gone.key);
    auto& from = list_of(gone);
    from.erase(from.iterator_to(gone));
  }
  /// Costs next to nothing when it was used a moment ago.
  void touch(flow& what, clock::time_point now) {
    if (what.used == now) return;
    what.used = now;
    auto& in = list_of(what);
    in.splice(in.end(), in, in.iterator_to(what));
  }
  /// It has just been used.
  void assure(flow& what) {
    if (what.is_assured) return;
    assured_.splice(assured_.end(), others_, others_.iterator_to(what));
    what.is_assured = true;
  }
  /// The one to make room, other than `but`: of those that are not assured, else of all, the one
  /// that has been idle for longest. Null when there is none.
  flow* most_dispensable(const flow* but = nullptr) {
    auto* const found = oldest_of(others_, but);
    return found != nullptr ? found : oldest_of(assured_, but);
  }
  /// The one that has been idle for longest; null when there is none.
  flow* oldest() {
    auto* const one = oldest_of(others_, nullptr);
    auto* const other = oldest_of(assured_, nullptr);
    if (one == nullptr || other == nullptr) return one != nullptr ? one : other;
    return one->used <= other->used ? one : other;
  }
  std::size_t size() const noexcept { return by_key_.size(); }
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& [key, each] : by_key_) visit(*each);
  }
  template <class Visit>
  void for_each_key(Visit visit) const {
    for (const auto& [key, each] : by_key_) visit(key);
  }

 private:
  using by_use = boost::intrusive::list<flow, boost::intrusive::constant_time_size<false>>;

  by_use& list_of(const flow& what) noexcept { return what.is_assured ? assured_ : others_; }
  static flow* oldest_of(by_use& all, const flow* but) {
    auto found = all.begin();
    if (found != all.end() && &*found == but) ++found;
    return found == all.end() ? nullptr : &*found;
  }

  boost::unordered_flat_map<flow_key, flow*, flow_hash> by_key_;
  by_use others_;
  by_use assured_;
};

}  // namespace relay::forward
