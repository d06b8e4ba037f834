#pragma once

#include <relay/document/codecs.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A table of keys is declared once, as rows; reading, merging, printing and the list of known keys
/// all walk these rows.
namespace relay::document {

/// One key of a table that is kept in a `Table`, and what can be done with its value.
template <class Table>
struct key_row {
  std::string_view name;
  std::string_view alias{};  ///< another name under which it is found in files; empty: none
  bool is_required = false;  ///< printed even where it equals its default, which means nothing
  bool takes_null = false;   ///< JSON's null is a wrong value, not a key that is not given

  /// False: it is not such a value, which is noted; then the table is as it was.
  std::function<bool(const value_at& from, Table& into)> read;
  /// As TOML and JSON both spell it; empty: it is left out.
  std::function<std::string(const Table& from)> print;
  /// As a sentence has it, `5s` or `a.example:80`; empty: there is no value.
  std::function<std::string(const Table& from)> tell;
  std::function<void(const Table& from, Table& into)> copy;
  std::function<bool(const Table& a, const Table& b)> is_equal;
  std::function<const void*(const Table& in)> place;  ///< of the value in memory

  key_row or_named(std::string_view other) const {
    auto row = *this;
    row.alias = other;
    return row;
  }
  key_row required() const {
    auto row = *this;
    row.is_required = row.takes_null = true;
    return row;
  }
  key_row refusing_null() const {
    auto row = *this;
    row.takes_null = true;
    return row;
  }
};

template <class Table>
using schema = std::vector<key_row<Table>>;

/// The row of a key; its default is the one of the member.
template <class Table, class T, class Codec>
key_row<Table> key(std::string_view name, T Table::*member, Codec codec) {
  key_row<Table> row;
  row.name = name;
  row.read = [=](const value_at& from, Table& into) {
    auto value = codec.read(from);
    if (value) into.*member = std::move(*value);
    return value.has_value();
  };
  row.print = [=](const Table& from) { return codec.print(from.*member); };
  row.tell = [=](const Table& from) { return tell(codec, from.*member); };
  row.copy = [=](const Table& from, Table& into) { into.*member = from.*member; };
  row.is_equal = [=](const Table& a, const Table& b) { return a.*member == b.*member; };
  row.place = [=](const Table& in) { return static_cast<const void*>(&(in.*member)); };
  return row;
}

/// Takes from `more` each key that `into` does not have yet.
template <class Table>
void complete(const schema<Table>& keys, Table& into, const Table& more) {
  for (const auto& each : keys) {
    if (!more.keys.has(each.name) || into.keys.has(each.name)) continue;
    each.copy(more, into);
    into.keys.set(each.name, more.keys.at(each.name));
  }
}

}  // namespace relay::document
