#include "place.hpp"

#include <algorithm>
#include <cstring>

namespace relay::document {

line_column locate(const source& in, std::size_t offset) {
  const auto before = std::string_view(in.text).substr(0, offset);
  const auto* const newline =
      static_cast<const char*>(::memrchr(before.data(), '\n', before.size()));
  const auto column = newline == nullptr
                          ? before.size() + 1
                          : static_cast<std::size_t>(before.data() + before.size() - newline);
  return {1 + static_cast<std::size_t>(std::ranges::count(before, '\n')), column};
}

std::string to_string(const origin& what, const line_column& at) {
  return what.from->name + ':' + std::to_string(at.line) + ':' + std::to_string(at.column);
}

std::string origin::to_string() const {
  if (!from) return "unknown place";
  if (from->text.empty()) return from->name;
  return document::to_string(*this, locate(*from, offset));
}

origin place_within(const origin& where, std::string_view value, std::size_t at) {
  constexpr std::size_t key_and_blanks = 80;  // what may stand in front of the value
  if (!where.from || where.offset > where.from->text.size()) return where;
  auto behind = std::string_view(where.from->text).substr(where.offset);
  behind = behind.substr(0, key_and_blanks + value.size());
  for (const char quote : {'"', '\''}) {
    const auto found = behind.find(quote + std::string(value) + quote);
    if (found != behind.npos) return {where.from, where.offset + found + 1 + at};
  }
  return where;
}

void key_origins::set(std::string_view key, origin where) {
  for (auto& [name, place] : given_) {
    if (name == key) {
      place = std::move(where);
      return;
    }
  }
  given_.emplace_back(key, std::move(where));
}

bool key_origins::has(std::string_view key) const {
  return std::ranges::find(given_, key, &std::pair<std::string_view, origin>::first) !=
         given_.end();
}

origin key_origins::at(std::string_view key) const {
  for (const auto& [name, place] : given_) {
    if (name == key) return place;
  }
  return {};
}

}  // namespace relay::document
