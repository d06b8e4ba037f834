#pragma once

#include <relay/document/problem.hpp>

#include <array>
#include <functional>
#include <map>
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
  bool has_errors() const noexcept { return kept_[index(problem::level::error)] > 0; }
  /// What is given for a key here cannot be used, which has been told. Warnings that only follow
  /// from that the key has no value are not worth a line: they go when the cause does.
  void doubt(std::string_view key, const origin& where) {
    doubtful_.try_emplace(std::string(key), where);
  }
  bool is_doubtful(std::string_view key) const { return doubtful_.contains(key); }
  /// The same for an error: the cause takes its place, as an error. False: there is no cause.
  bool blame(std::string_view key);
  /// Makes an error of the warning about this place. False: nothing was told about it.
  bool raise(const origin& where);
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
  std::map<std::string, origin, std::less<>> doubtful_;  // by key
};

}  // namespace relay::document
