#include "toml_guard.hpp"
#include "toml_mistakes.hpp"

#include <relay/document/node.hpp>

#include <toml.hpp>

// Debian 12 has version 3 of toml11 and Debian 13 version 4, and they have little in common but the
// names of the types. Each header gives the same few functions in the namespace `toml11`.
#if TOML11_VERSION_MAJOR >= 4
#include "toml11_4.hpp"
#else
#include "toml11_3.hpp"
#endif

#include <algorithm>

namespace relay::document {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

bool is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

/// toml11 knows where values stand, but not their keys: they stand before the `=`, or inside the
/// `[header]` that is taken for the value of a table.
std::size_t find_key(std::string_view text, std::string_view key, std::size_t value) {
  auto at = std::min(value, text.size());
  const auto back_over_blanks = [&] {
    while (at > 0 && is_blank(text[at - 1])) --at;
  };
  back_over_blanks();
  if (at > 0 && text[at - 1] == '=') {
    --at;
    back_over_blanks();
    if (at > 0 && (text[at - 1] == '"' || text[at - 1] == '\'')) {
      const auto opening = at < 2 ? std::string_view::npos : text.rfind(text[at - 1], at - 2);
      return opening == std::string_view::npos ? at - 1 : opening;
    }
    while (at > 0 && is_bare(text[at - 1])) --at;
    return at;
  }
  const auto line_end = std::min(text.find('\n', value), text.size());
  const auto inside = text.substr(value, line_end - value).rfind(key);
  return inside == std::string_view::npos ? value : value + inside;
}

class converter {
 public:
  explicit converter(std::string_view text) : text_(text), places_(text) {}

  node convert(const toml11::value_type& from) const {
    node made;
    made.offset = places_.offset_of(from);
    switch (from.type()) {
      case toml::value_t::boolean:
        made.what = node::kind::boolean;
        made.boolean = from.as_boolean();
        break;
      case toml::value_t::integer:
        made.what = node::kind::integer;
        made.integer = from.as_integer();
        break;
      case toml::value_t::floating:
        made.what = node::kind::real;
        break;
      case toml::value_t::string:
        made.what = node::kind::text;
        made.text = toml11::text_of(from);
        break;
      case toml::value_t::array:
        made.what = node::kind::list;
        for (const auto& each : from.as_array()) made.items.push_back(convert(each));
        break;
      case toml::value_t::table:
        made.what = node::kind::table;
        made.members = convert(from.as_table());
        break;
      case toml::value_t::empty:
        break;
      default:
        made.what = node::kind::date;
        break;
    }
    return made;
  }

 private:
  std::vector<member> convert(const toml11::value_type::table_type& from) const {
    std::vector<member> made;
    for (const auto& [key, value] : from) {
      made.push_back({key, find_key(text_, key, places_.offset_of(value)), convert(value)});
    }
    // toml11 keeps no order; problems are told in the order of the text.
    std::ranges::sort(made, {}, [](const member& each) { return each.offset; });
    return made;
  }

  std::string_view text_;
  toml11::places places_;
};

}  // namespace

std::optional<node> read_toml(const std::shared_ptr<const source>& from, findings& found) {
  if (const auto refused = refuse_toml(from->text)) {
    found.error({from, refused->offset}, std::string(refused->message), std::string(refused->hint));
    return std::nullopt;
  }
  toml11::failure why;
  if (const auto whole = toml11::parse(from->text, why))
    return converter(from->text).convert(*whole);
  if (const auto known = find_toml_mistake(from->text, why.offset)) {
    found.error({from, known->offset}, known->message, known->hint);
  } else {
    found.error({from, why.offset}, "not valid TOML: " + why.message, why.note);
  }
  return std::nullopt;
}

}  // namespace relay::document
