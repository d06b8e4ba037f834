#include <relay/forward/lane.hpp>

#include <algorithm>
#include <utility>

// Looking through the sessions of a lane, and closing one endpoint's listeners.
namespace relay::forward {
namespace {

// Between two of them the worker serves everybody else. Making a session's texts takes about a
// microsecond, so these are a small part of a millisecond.
constexpr std::size_t sessions_at_a_time = 128;

}  // namespace

/// How far somebody has got in looking through a lane.
struct lane::walk {
  session_visitor how;
  connection* next = nullptr;      // null: all connections have been seen
  const rule* endpoint = nullptr;  // whose associations come now; null: the first one's
  std::vector<flow_key> keys;      // of those that are left there
};

void lane::visit(session_visitor how) {
  const auto made = std::make_shared<walk>();
  made->how = std::move(how);
  if (!connections_.empty()) made->next = &connections_.front();
  walks_.push_back(made.get());
  go_on(made);
}

void lane::go_on(const std::shared_ptr<walk>& by) {
  auto left = sessions_at_a_time;
  if (walk_connections(*by, left) && walk_associations(*by, left)) {
    std::erase(walks_, by.get());
    return by->how.on_done();
  }
  worker_.post([this, by] { go_on(by); });
}

// True: there are no more, or no more are wanted.
bool lane::walk_connections(walk& by, std::size_t& left) {
  while (by.next != nullptr) {
    if (left-- == 0) {
      left = 0;
      return false;
    }
    auto& each = *by.next;
    const auto after = std::next(connections_.iterator_to(each));
    by.next = after == connections_.end() ? nullptr : &*after;  // this one may be ended
    if (!by.how.on_connection(each)) {
      by.next = nullptr;
      by.how.on_association = nullptr;
    }
  }
  return true;
}

bool lane::walk_associations(walk& by, std::size_t& left) {
  while (by.how.on_association) {
    auto at = associations_.find(by.endpoint);
    while (at != associations_.end() && !by.keys.empty()) {
      if (left-- == 0) {
        left = 0;
        return false;
      }
      auto* const each = at->second.find(by.keys.back());
      by.keys.pop_back();
      if (each != nullptr && !by.how.on_association(at->second, *each)) return true;
    }
    const auto next = associations_.upper_bound(by.endpoint);
    if (next == associations_.end()) return true;
    by.endpoint = next->first;
    by.keys = next->second.keys();
  }
  return true;
}

// A connection ends while somebody is about to look at it.
void lane::step_aside(connection& leaving) noexcept {
  const auto after = std::next(connections_.iterator_to(leaving));
  for (auto* each : walks_) {
    if (each->next != &leaving) continue;
    each->next = after == connections_.end() ? nullptr : &*after;
  }
}

void lane::stop_listening(const rule& at) {
  std::erase_if(inlets_, [&at](const auto& each) { return each.second.by == &at; });
  if (const auto found = warm_.find(&at); found != warm_.end()) found->second.close();
  if (const auto found = associations_.find(&at); found != associations_.end())
    found->second.close();
}

}  // namespace relay::forward
