#include "node.hpp"

namespace relay::config {

namespace {

/// The length of the UTF-8 sequence at the start of the text; 0 when there is none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t at) -> unsigned {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
  };
  const auto first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  unsigned code = first & (0xffU >> (length + 1));
  for (std::size_t at = 1; at < length; ++at) {
    if ((byte(at) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(at) & 0x3f);
  }
  constexpr unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  const bool leads = first >= 0xc2 && first <= 0xf4;
  return leads && code >= least[length] && code <= 0x10ffff && !surrogate ? length : 0;
}

/// Where the text stops being UTF-8. toml11 loses its way, in undefined behaviour, when it finds
/// that out itself inside of a literal string.
std::optional<std::size_t> broken_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto length = sequence_length(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::nullopt;
}

}  // namespace

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

std::optional<node> read_tree(const std::shared_ptr<const source>& from, findings& found) {
  const auto& text = from->text;
  if (const auto zero = text.find('\0'); zero != std::string::npos) {
    found.error({from, zero}, "there is a zero byte in here", "is this a text file?");
    return std::nullopt;
  }
  if (const auto broken = broken_utf8(text)) {
    found.error({from, *broken}, "the text is not UTF-8 from here on");
    return std::nullopt;
  }
  const auto first = text.find_first_not_of(" \t\r\n");
  const bool json = first != std::string::npos && text[first] == '{';
  return json ? read_json(from, found) : read_toml(from, found);
}

}  // namespace relay::config
