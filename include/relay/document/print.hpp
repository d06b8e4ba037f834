#pragma once

#include <relay/document/extent.hpp>
#include <relay/document/schema.hpp>

#include <string>
#include <string_view>
#include <vector>

/// Tables as the keys and values that a file would have, before it is decided how they are laid
/// out: TOML and JSON write the same ones.
namespace relay::document {

struct printed_key {
  std::string_view name;
  std::string value;       ///< TOML and JSON spell all values that we have alike
  bool is_remark = false;  ///< in force, but must not be given
};
using printed_table = std::vector<printed_key>;

template <class Table>
bool is_default(const key_row<Table>& key, const Table& values) {
  static const Table defaults;
  return !key.is_required && key.is_equal(values, defaults);
}

/// Adds one key, unless its value is none that a file has.
template <class Table>
void print_key(printed_table& into, const key_row<Table>& key, const Table& values) {
  auto text = key.print(values);
  if (!text.empty()) into.push_back({key.name, std::move(text)});
}

template <class Table>
void print_keys(printed_table& into, const schema<Table>& keys, const Table& values, extent how) {
  for (const auto& each : keys) {
    if (how == extent::all || !is_default(each, values)) print_key(into, each, values);
  }
}

/// Appends a table below its heading, `[log]`. Remarks are comments.
void append_toml(std::string& text, std::string_view heading, const printed_table& table);

/// Members of an object, one a line, as deep in the text as `indent` says. The object ends with
/// this.
class json_members {
 public:
  json_members(std::string& text, std::string_view indent) : text_(text), indent_(indent) {
    text_ += '{';
  }
  ~json_members();
  json_members(const json_members&) = delete;
  json_members& operator=(const json_members&) = delete;

  /// Begins a member: its value is to be appended.
  std::string& add(std::string_view name);
  /// All but the remarks, since JSON has no comments.
  void add_all(const printed_table& table);

 private:
  std::string& text_;
  std::string_view indent_;
  bool first_ = true;
};

}  // namespace relay::document
