#include <relay/document/table_reader.hpp>

#include <algorithm>

namespace relay::document {

const member* table_reader::find(std::string_view key) {
  asked_.push_back(key);
  const auto at = std::ranges::find(table_.members, key, &member::key);
  return at == table_.members.end() ? nullptr : &*at;
}

const member* table_reader::take(std::string_view name, std::string_view alias) {
  const auto* given = find(name);
  const auto* other = alias.empty() ? nullptr : find(alias);
  if (given != nullptr && other != nullptr) {
    found_.warning(
        {from_, other->offset},
        "`" + other->key + "` is another name of `" + given->key + "`, which is given as well",
        "`" + given->key + "` counts; remove this one");
  }
  return given != nullptr ? given : other;
}

const node* table_reader::value_of(std::string_view name, std::string_view alias) {
  const auto* given = find(name);
  if (given == nullptr && !alias.empty()) given = find(alias);
  return given == nullptr ? nullptr : &given->value;
}

const node* table_reader::take_table(std::string_view key) {
  const auto* given = find(key);
  if (given == nullptr) return nullptr;
  if (given->value.what == node::kind::table) return &given->value;
  value_at{key, given->value, from_, found_}.refuse_type("a table");
  return nullptr;
}

void table_reader::warn_about_the_rest() const {
  for (const auto& each : table_.members) {
    if (std::ranges::find(asked_, each.key) == asked_.end()) warn_about(each);
  }
}

bool table_reader::blame_misspelling_of(std::string_view key) const {
  constexpr std::size_t most_looked_at = 100;  // a guess takes its time
  std::size_t looked_at = 0;
  for (const auto& each : table_.members) {
    if (std::ranges::find(asked_, each.key) != asked_.end()) continue;
    if (++looked_at > most_looked_at) return false;
    if (words_.meant_by(each.key, asked_) == key) return found_.raise({from_, each.offset});
  }
  return false;
}

void table_reader::warn_about(const member& each) const {
  const origin where{from_, each.offset};
  // The hint takes its time, and a text may have a million of them.
  if (!found_.wants(problem::level::warning)) {
    found_.warning(where, {});
    return;
  }
  const auto shown = "`" + each.key + "`";
  if (const auto* old = words_.find_retired(each.key)) {
    // Files that were made by programs have it in each of hundreds of endpoints.
    if (!found_.is_first(from_.get(), old->name)) return;
    found_.warning(where, shown + " no longer does anything: " + std::string(old->instead),
                   "remove it, here and wherever else it stands in this file");
    return;
  }
  if (const auto meant = words_.meant_by(each.key, asked_); !meant.empty())
    found_.doubt(meant, where);
  found_.warning(where,
                 "unknown key " + shown + (name_.empty() ? "" : " in `" + std::string(name_) + "`"),
                 words_.advice_on(each.key, name_, asked_, is_json(*from_)));
}

}  // namespace relay::document
