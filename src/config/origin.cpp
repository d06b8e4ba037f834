#include <relay/config/origin.hpp>

#include <algorithm>

namespace relay::config {

std::string origin::to_string() const {
  if (!from) return "unknown place";
  if (from->text.empty()) return from->name;
  const auto before = from->text.substr(0, std::min(offset, from->text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto newline = before.rfind('\n');
  const auto column = newline == std::string::npos ? before.size() + 1 : before.size() - newline;
  return from->name + ':' + std::to_string(line) + ':' + std::to_string(column);
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

origin key_origins::at(std::string_view key) const {
  for (const auto& [name, place] : given_) {
    if (name == key) return place;
  }
  return {};
}

}  // namespace relay::config
