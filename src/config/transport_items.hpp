#pragma once

#include <relay/base/text.hpp>
#include <relay/config/transport.hpp>

#include <cstdint>
#include <initializer_list>
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

enum class transport_layer : std::uint8_t { none, ws, tls };
enum class transport_text : std::uint8_t { listen, dial };

/// The items of a transport text, and what is wrong with them.
class transport_items {
 public:
  transport_items(std::string_view text, transport_text side, dialect rules);

  /// A bare word; null when it is not there.
  const transport_item* flag(std::string_view name) const;
  /// The word that asks for a layer: `ws`, `tls`, or `wss` for both. Null: nobody asks for it.
  const transport_item* asks_for(transport_layer which) const;
  /// A name with a value, or an item without one. Exact names come first; the reference takes the
  /// first item that merely starts with the name, and texts that rely on it keep working.
  transport_item value(std::string_view name);

  void error(const transport_item& about, std::string message, std::string hint) {
    problems_.push_back({true, std::move(message), std::move(hint), about.at});
  }
  void warning(const transport_item& about, std::string message, std::string hint) {
    problems_.push_back({false, std::move(message), std::move(hint), about.at});
  }
  /// An error, unless one of the items `wanted` is there, misspelt: then only that is told.
  void lacks(std::initializer_list<std::string_view> wanted, const transport_item& about,
             std::string message, std::string hint) {
    lacking_.push_back({wanted, {true, std::move(message), std::move(hint), about.at}});
  }
  /// In the order of the text.
  std::vector<transport_problem> problems();

 private:
  /// `dangerous`: an error by relay's rules; realm takes it.
  void note(const transport_item& about, bool dangerous, std::string message, std::string hint) {
    problems_.push_back(
        {dangerous && rules_ == dialect::relay, std::move(message), std::move(hint), about.at});
  }
  bool asks_for_any() const {
    return asks_for(transport_layer::ws) != nullptr || asks_for(transport_layer::tls) != nullptr;
  }
  void check_layers();
  std::string advice_on(std::string_view unknown);
  void check_name(const transport_item& item);
  void check_use(const transport_item& item, bool is_word, transport_layer of);

  std::vector<transport_item> items_;
  transport_text side_;
  dialect rules_;
  std::vector<const transport_item*> abbreviated_;  // taken by the rule for names that go on
  std::vector<transport_problem> problems_;
  struct lack {
    std::vector<std::string_view> wanted;
    transport_problem what;
  };
  std::vector<lack> lacking_;
  std::vector<std::string_view> misspelt_;  // what such items were meant to be
};

}  // namespace relay::config
