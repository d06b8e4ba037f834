#include <relay/forward/error_counts.hpp>

#include <algorithm>
#include <cctype>

namespace relay::forward {

std::string as_word(std::string_view text) {
  std::string word;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      word += c;
    } else if (!word.empty() && word.back() != '_') {
      word += '_';
    }
  }
  if (!word.empty() && word.back() == '_') word.pop_back();
  return word;
}

// A refused datagram comes here too, so a known kind costs two look-ups and no memory.
void error_counts::add(std::string_view step, std::string_view reason) {
  const std::lock_guard lock(mutex_);
  auto at = steps_.find(step);
  if (at != steps_.end()) {
    if (const auto known = at->second.find(reason); known != at->second.end()) {
      ++known->second;
      return;
    }
  }
  if (kinds_ == most_kinds) {
    ++others_;
    return;
  }
  if (at == steps_.end()) at = steps_.emplace(step, reasons()).first;
  at->second.emplace(reason, 1);
  ++kinds_;
}

std::vector<error_counts::kind> error_counts::all() const {
  std::vector<kind> made;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [step, whys] : steps_) {
      const auto before = step.empty() ? std::string() : as_word(step) + '/';
      for (const auto& [reason, times] : whys) made.push_back({before + as_word(reason), times});
    }
    if (others_ != 0) made.push_back({"other", others_});
  }
  std::ranges::stable_sort(made, std::ranges::greater{}, &kind::times);
  return made;
}

}  // namespace relay::forward
