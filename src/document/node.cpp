#include <relay/base/utf8.hpp>
#include <relay/document/node.hpp>

namespace relay::document {

std::string_view name_of(node::kind what) {
  switch (what) {
    case node::kind::null:
      return "null";
    case node::kind::boolean:
      return "true or false";
    case node::kind::integer:
      return "a whole number";
    case node::kind::real:
      return "a number with a fraction";
    case node::kind::text:
      return "a text";
    case node::kind::list:
      return "a list";
    case node::kind::table:
      return "a table";
    case node::kind::date:
      return "a date";
  }
  return "a value";
}

std::shared_ptr<const source> make_source(std::string name, std::string text) {
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  return std::make_shared<const source>(source{std::move(name), std::move(text)});
}

bool is_json(const source& what) {
  const auto first = what.text.find_first_not_of(" \t\r\n");
  return first != std::string::npos && what.text[first] == '{';
}

std::optional<node> read_tree(const std::shared_ptr<const source>& from, findings& found) {
  const auto& text = from->text;
  if (text.size() > largest_text) {
    found.error({from, 0}, std::string(too_large));
    return std::nullopt;
  }
  if (const auto zero = text.find('\0'); zero != std::string::npos) {
    found.error({from, zero}, "there is a zero byte in here", "is this a text file?");
    return std::nullopt;
  }
  // Both syntaxes are made of it, and messages show the text.
  if (const auto broken = broken_utf8(text)) {
    found.error({from, *broken}, "the text is not UTF-8 from here on");
    return std::nullopt;
  }
  return is_json(*from) ? read_json(from, found) : read_toml(from, found);
}

}  // namespace relay::document
