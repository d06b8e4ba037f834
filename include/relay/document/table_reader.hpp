#pragma once

#include <relay/document/schema.hpp>
#include <relay/document/vocabulary.hpp>

namespace relay::document {

/// Reads the keys of one table and knows afterwards which ones nobody asked for.
class table_reader {
 public:
  /// `name` is of the table, for messages; empty at the top level. All of these outlive it.
  table_reader(std::string_view name, const node& table, const std::shared_ptr<const source>& from,
               const vocabulary& words, findings& found)
      : name_(name), table_(table), from_(from), words_(words), found_(found) {}

  /// Reads each key of the schema that is given and has a good value.
  template <class Table>
  void read(const schema<Table>& keys, Table& into) {
    for (const auto& each : keys) {
      const auto* given = take(each.name, each.alias);
      if (given == nullptr) continue;
      if (given->value.what == node::kind::null && !each.takes_null) continue;
      if (each.read(value_at{each.name, given->value, from_, found_}, into))
        into.keys.set(each.name, {from_, given->value.offset});
    }
  }

  /// A table below this one; null when there is none.
  const node* take_table(std::string_view key);
  /// A member that is read otherwise; null when it is not given.
  const member* find(std::string_view key);
  /// Where the value of a key stands, by either name; it may be a wrong one.
  const node* value_of(std::string_view name, std::string_view alias = {});

  void warn_about_the_rest() const;
  /// Behind that: a key that is missing may be there, misspelt. Then the warning about it becomes
  /// the error, and true is returned.
  bool blame_misspelling_of(std::string_view key) const;

 private:
  /// The member of that name, whichever spelling was used. Both are a warning.
  const member* take(std::string_view name, std::string_view alias);
  void warn_about(const member& each) const;

  std::string_view name_;
  const node& table_;
  const std::shared_ptr<const source>& from_;
  const vocabulary& words_;
  findings& found_;
  std::vector<std::string_view> asked_;
};

}  // namespace relay::document
