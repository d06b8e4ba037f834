#include <relay/resume/store.hpp>

#include <algorithm>

namespace relay::resume {
namespace {

// Whoever comes back to a session asks within seconds.
constexpr std::size_t most_ended = 4096;

}  // namespace

bool store::add(const wire::resume_id& id, const void* owner, std::size_t worker) {
  const std::lock_guard guard(mutex_);
  if (sessions_.size() >= most_) return false;
  return sessions_.emplace(id, place{owner, worker}).second;
}

void store::remove(const wire::resume_id& id, bool in_order) {
  const std::lock_guard guard(mutex_);
  if (sessions_.erase(id) == 0) return;
  ended_.push_back({id, in_order});
  if (ended_.size() > most_ended) ended_.pop_front();
}

store::answer store::find(const wire::resume_id& id, const void* owner) const {
  const std::lock_guard guard(mutex_);
  const auto found = sessions_.find(id);
  if (found != sessions_.end() && found->second.owner == owner) return {found->second.worker, {}};
  const auto old = std::ranges::find(ended_.rbegin(), ended_.rend(), id, &store::grave::id);
  if (old == ended_.rend()) return {};
  return {std::nullopt,
          old->in_order ? wire::resume_refusal::finished : wire::resume_refusal::broken};
}

std::size_t store::size() const {
  const std::lock_guard guard(mutex_);
  return sessions_.size();
}

}  // namespace relay::resume
