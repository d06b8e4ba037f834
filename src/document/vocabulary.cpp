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

std::string_view vocabulary::meant_by(std::string_view unknown,
                                      std::span<const std::string_view> here) const {
  if (const auto nearest = nearest_word(unknown, here); !nearest.empty()) return nearest;
  const auto usual = usual_name(unknown);
  if (std::ranges::find(here, usual) != here.end()) return usual;
  // By its right name, but in the wrong table.
  const auto at = std::ranges::find(known, unknown, &known_key::name);
  if (at != known.end()) return at->name;
  return usual.empty() ? nearest_anywhere(unknown) : usual;
}

std::string vocabulary::advice_on(std::string_view unknown, std::string_view table,
                                  std::span<const std::string_view> here, bool is_json) const {
  const auto meant = meant_by(unknown, here);
  const auto question = "did you mean " + quoted(meant);
  if (std::ranges::find(here, meant) != here.end()) {
    const auto special = std::ranges::find(written, meant, &written_key::name);
    if (special != written.end() && !is_json) return std::string(special->in_toml);
    return question + '?';
  }
  const auto at = std::ranges::find(known, meant, &known_key::name);
  if (at == known.end()) return {};
  if (meant == unknown) {
    return at->table.empty() ? "it stands at the top level, outside of any table"
                             : "it belongs in " + quoted(at->table);
  }
  if (at->table.empty() || at->table == table) return question + '?';
  return question + ", which belongs in " + quoted(at->table) + '?';
}

}  // namespace relay::document
