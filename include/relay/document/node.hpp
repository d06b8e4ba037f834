#pragma once

#include <relay/document/findings.hpp>
#include <relay/document/limits.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace relay::document {

struct member;

/// A value of a document, whichever syntax it was written in, and where it stands.
struct node {
  enum class kind { null, boolean, integer, real, text, list, table, date };
  kind what = kind::null;
  std::size_t offset = 0;
  bool boolean = false;
  std::int64_t integer = 0;  ///< saturated: no key takes numbers near the ends
  std::string text;
  std::vector<node> items;
  std::vector<member> members;  ///< in the order of the text
};

struct member {
  std::string key;
  std::size_t offset = 0;  ///< of the key
  node value;
};

/// `a list`, `true or false`: what a message calls such a value.
std::string_view name_of(node::kind what);

/// The text without a byte order mark, so that offsets count what an editor shows.
std::shared_ptr<const source> make_source(std::string name, std::string text);

/// When the first character that is not blank is `{`; else it is TOML.
bool is_json(const source& what);

/// Nothing when the syntax is wrong: then that is the only problem found.
std::optional<node> read_tree(const std::shared_ptr<const source>& from, findings& found);
std::optional<node> read_toml(const std::shared_ptr<const source>& from, findings& found);
std::optional<node> read_json(const std::shared_ptr<const source>& from, findings& found);

}  // namespace relay::document
