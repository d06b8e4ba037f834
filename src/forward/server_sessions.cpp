#include <relay/forward/server.hpp>

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

// What operators ask a running server about single sessions and endpoints.
namespace relay::forward {
namespace {

/// What workers find for one question.
struct finding {
  std::mutex mutex;
  session_list found;
  std::size_t missing = 0;  ///< workers that have not said their part
};

void sort_and_cut(std::vector<session_info>& all, std::size_t most) {
  std::ranges::sort(all, {}, &session_info::id);
  if (all.size() > most) all.resize(most);
}

/// What one worker finds. Connections come in the order of their numbers, associations do not: of
/// those the first that are found are as good as others.
struct part {
  session_filter filter;
  std::size_t most = 0;
  session_list found;

  void add(session_info one) {
    if (!filter.matches(one)) return;
    ++found.matching;
    if (found.sessions.size() < most) found.sessions.push_back(std::move(one));
  }
};

}  // namespace

void server::sessions(const session_filter& filter, std::size_t most,
                      std::function<void(session_list)> told) {
  const auto all = std::make_shared<finding>();
  all->missing = all_lanes_.size();
  for (auto* each : all_lanes_) {
    const auto own = std::make_shared<part>(part{filter, most, {}});
    session_visitor how;
    how.on_connection = [own](connection& one) {
      own->add(one.info());
      return true;
    };
    how.on_association = [own](associations&, association& one) {
      own->add(one.info());
      return true;
    };
    how.on_done = [all, own, most, told] {
      const std::lock_guard lock(all->mutex);
      all->found.matching += own->found.matching;
      auto& into = all->found.sessions;
      into.insert(into.end(), std::make_move_iterator(own->found.sessions.begin()),
                  std::make_move_iterator(own->found.sessions.end()));
      if (--all->missing > 0) return;
      sort_and_cut(into, most);
      told(std::move(all->found));
    };
    each->worker().post([each, how = std::move(how)] { each->visit(how); });
  }
}

void server::kill(std::uint64_t id, std::function<void(bool)> told) {
  struct search {
    std::atomic<bool> found{false};
    std::atomic<std::size_t> missing{0};
  };
  const auto all = std::make_shared<search>();
  all->missing = all_lanes_.size();
  for (auto* each : all_lanes_) {
    session_visitor how;
    how.on_connection = [all, id](connection& one) {
      if (one.id() != id) return !all->found;
      all->found = true;
      one.kill();
      return false;
    };
    how.on_association = [all, id](associations& of, association& one) {
      if (one.id() != id) return !all->found;
      all->found = true;
      of.kill(one);
      return false;
    };
    how.on_done = [all, told] {
      if (--all->missing == 0) told(all->found);
    };
    each->worker().post([each, how = std::move(how)] { each->visit(how); });
  }
}

std::optional<std::size_t> server::find_endpoint(std::string_view called) const {
  for (std::size_t i = 0; i < live_.size(); ++i) {
    if (!live_[i].at) continue;
    const auto& from = settings_.endpoints[i];
    const auto& of = *live_[i].by;
    if ((!from.name.empty() && called == from.name) || called == of.listen_name() ||
        called == from.listen.to_string())
      return i;
  }
  return std::nullopt;
}

void server::drain_endpoint(std::size_t endpoint, std::function<void()> told) {
  const auto of = live_[endpoint].by;
  of->is_draining = true;
  live_[endpoint].at.reset();  // a reload that changes the endpoint opens others
  live_[endpoint].listeners.clear();
  const auto missing = std::make_shared<std::atomic<std::size_t>>(all_lanes_.size());
  for (auto* each : all_lanes_) {
    each->worker().post([each, of, missing, told] {
      each->stop_listening(*of);
      if (--*missing == 0) told();
    });
  }
}

}  // namespace relay::forward
