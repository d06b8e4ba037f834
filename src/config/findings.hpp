#pragma once

#include <relay/config/load.hpp>

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace relay::config {

/// Collects what is wrong, so that everything can be said at once.
class findings {
 public:
  void error(origin where, std::string message, std::string hint = {}) {
    add(problem::level::error, std::move(where), std::move(message), std::move(hint));
  }
  void warning(origin where, std::string message, std::string hint = {}) {
    add(problem::level::warning, std::move(where), std::move(message), std::move(hint));
  }
  /// Whether nobody has asked about this subject in this text before.
  bool is_first(const source* in, std::string_view subject) {
    return asked_.emplace(in, subject).second;
  }
  /// Throws everything when there is an error among it; otherwise hands out the warnings.
  std::vector<problem> finish();

 private:
  void add(problem::level severity, origin where, std::string message, std::string hint) {
    if (severity == problem::level::error) failed_ = true;
    all_.push_back({severity, std::move(where), std::move(message), std::move(hint)});
  }

  std::vector<problem> all_;
  std::set<std::pair<const source*, std::string>> asked_;
  bool failed_ = false;
};

}  // namespace relay::config
