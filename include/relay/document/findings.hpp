#pragma once

#include <relay/document/problem.hpp>

#include <array>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace relay::document {

/// Collects what is wrong, so that everything can be said at once. Of a text with very many
/// mistakes the first ones are kept, and the others are counted.
class findings {
 public:
  static constexpr std::size_t most_kept = 50;  ///< of each level

  void add(problem::level severity, origin where, std::string message, std::string hint = {});
  void error(origin where, std::string message, std::string hint = {}) {
    add(problem::level::error, std::move(where), std::move(message), std::move(hint));
  }
  void warning(origin where, std::string message, std::string hint = {}) {
    add(problem::level::warning, std::move(where), std::move(message), std::move(hint));
  }
  /// Whether another one of that level would be kept. Who would have to work for its hint may ask.
  bool wants(problem::level severity) const { return kept_[index(severity)] < most_kept; }
  /// Whether nobody has asked about this subject in this text before.
  bool is_first(const source* in, std::string_view subject) {
    return asked_.emplace(in, subject).second;
  }
  /// Everything, in the order of the text.
  std::vector<problem> take();
  /// Throws everything when there is an error among it; otherwise hands out the warnings.
  std::vector<problem> finish();

 private:
  static std::size_t index(problem::level severity) { return static_cast<std::size_t>(severity); }
  static std::string shortened(std::string message);

  std::vector<problem> all_;
  std::array<std::size_t, 2> kept_{};
  std::array<std::size_t, 2> left_out_{};
  std::shared_ptr<const source> last_;  // the text of what was left out last
  std::set<std::pair<const source*, std::string>> asked_;
};

}  // namespace relay::document
