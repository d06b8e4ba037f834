#pragma once

#include "text.hpp"

#include <relay/config/transport.hpp>

#include <string_view>
#include <vector>

namespace relay::config {

/// One item of a transport text; views refer to that text.
struct transport_item {
  std::string_view name;   ///< what stands in front of `=`, or all of it
  std::string_view value;  ///< empty: none
  bool has_equals = false;
  std::size_t at = 0;  ///< in the text
};

/// The items of a transport text, and what is wrong with them.
class transport_items {
 public:
  explicit transport_items(std::string_view text);

  /// A bare word; null when it is not there.
  const transport_item* flag(std::string_view name) const;
  /// A name with a value, or an item without one. Exact names come first; the reference takes the
  /// first item that merely starts with the name, and texts that rely on it keep working.
  transport_item value(std::string_view name);

  void error(const transport_item& about, std::string message, std::string hint) {
    problems_.push_back({true, std::move(message), std::move(hint), about.at});
  }
  void warning(const transport_item& about, std::string message, std::string hint) {
    problems_.push_back({false, std::move(message), std::move(hint), about.at});
  }
  /// In the order of the text.
  std::vector<transport_problem> problems();

 private:
  void check_names();

  std::vector<transport_item> items_;
  std::vector<const transport_item*> abbreviated_;  // taken by the rule for names that go on
  std::vector<transport_problem> problems_;
};

}  // namespace relay::config
