#include <relay/base/words.hpp>
#include <relay/document/vocabulary.hpp>

#include <algorithm>

namespace relay::document {
namespace {

std::string quoted(std::string_view name) { return '`' + std::string(name) + '`'; }

}  // namespace

const retired_key* vocabulary::find_retired(std::string_view name) const {
  const auto at = std::ranges::find(retired, name, &retired_key::name);
  return at == retired.end() ? nullptr : &*at;
}

std::string_view vocabulary::usual_name(std::string_view of) const {
  const auto at = std::ranges::find(foreign, of, &foreign_name::name);
  return at == foreign.end() ? std::string_view{} : at->ours;
}

std::string_view vocabulary::nearest_anywhere(std::string_view unknown) const {
  std::vector<std::string_view> names;
  for (const auto& each : known) names.push_back(each.name);
  return nearest_word(unknown, names);
}

std::string vocabulary::advice_on(std::string_view unknown, std::string_view table,
                                  std::span<const std::string_view> here, bool is_json) const {
  if (const auto nearest = nearest_word(unknown, here); !nearest.empty()) {
    const auto special = std::ranges::find(written, nearest, &written_key::name);
    if (special != written.end() && !is_json) return std::string(special->in_toml);
    return "did you mean " + quoted(nearest) + '?';
  }
  const auto find = [this](std::string_view name) {
    return std::ranges::find(known, name, &known_key::name);
  };
  if (const auto elsewhere = find(unknown); elsewhere != known.end()) {
    return elsewhere->table.empty() ? "it stands at the top level, outside of any table"
                                    : "it belongs in " + quoted(elsewhere->table);
  }
  auto meant = usual_name(unknown);
  if (meant.empty()) meant = nearest_anywhere(unknown);
  const auto at = find(meant);
  if (at == known.end()) return {};
  const auto question = "did you mean " + quoted(meant);
  if (at->table.empty() || at->table == table) return question + '?';
  return question + ", which belongs in " + quoted(at->table) + '?';
}

}  // namespace relay::document
