#include "characters.hpp"

#include <relay/document/findings.hpp>

#include <algorithm>
#include <map>

namespace relay::document {

/// A key or word may be as long as the text; no message needs all of it.
std::string findings::shortened(std::string message) {
  constexpr std::size_t most = 500;
  if (message.size() <= most) return message;
  auto end = most;
  while (end > 0 && continues_character(message[end])) --end;
  return message.substr(0, end) + "...";
}

void findings::add(problem::level severity, origin where, std::string message, std::string hint) {
  const auto which = index(severity);
  if (kept_[which] == most_kept) {
    ++left_out_[which];
    last_ = std::move(where.from);
    return;
  }
  ++kept_[which];
  all_.push_back(
      {severity, std::move(where), shortened(std::move(message)), shortened(std::move(hint))});
}

bool findings::blame(std::string_view key) {
  const auto found = doubtful_.find(key);
  return found != doubtful_.end() && raise(found->second);
}

bool findings::raise(const origin& where) {
  const auto found = std::ranges::find_if(all_, [&](const problem& each) {
    return each.where.from == where.from && each.where.offset == where.offset;
  });
  if (found == all_.end()) return false;
  if (found->severity == problem::level::error) return true;
  found->severity = problem::level::error;
  --kept_[index(problem::level::warning)];
  ++kept_[index(problem::level::error)];
  return true;
}

std::vector<problem> findings::take() {
  // In the order of the text, whichever check came first; texts in the order they were read.
  std::map<const source*, std::size_t> rank;
  for (const auto& each : all_) rank.try_emplace(each.where.from.get(), rank.size());
  std::ranges::stable_sort(all_, {}, [&](const problem& each) {
    return std::pair(rank[each.where.from.get()], each.where.offset);
  });
  for (const auto severity : {problem::level::warning, problem::level::error}) {
    const auto count = left_out_[index(severity)];
    if (count == 0) continue;
    const auto name = std::make_shared<const source>(source{last_ ? last_->name : "", {}});
    const auto* const what = severity == problem::level::error ? " more errors" : " more warnings";
    auto message = "and " + std::to_string(count) + what;
    problem rest{severity, {name, 0}, std::move(message), {}};
    all_.push_back(std::move(rest));
  }
  return std::move(all_);
}

std::vector<problem> findings::finish() {
  const bool failed = kept_[index(problem::level::error)] > 0;
  auto all = take();
  if (failed) throw refusal(std::move(all));
  return all;
}

}  // namespace relay::document
