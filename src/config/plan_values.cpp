#include "plan_values.hpp"

#include "tables.hpp"

#include <algorithm>
#include <cassert>

namespace relay::config {

namespace {

template <class Table>
shown_value show(const schema<Table>& keys, const Table& in, std::string_view key) {
  const auto row = std::ranges::find(keys, key, &key_row<Table>::name);
  assert(row != keys.end());
  return {row->tell(in), row->print(in)};
}

}  // namespace

shown_value show(const endpoint& in, std::string_view key) {
  constexpr std::string_view network = "network.";
  if (!key.starts_with(network)) return show(endpoint_keys(), in, key);
  return show(network_keys(), in.network, key.substr(network.size()));
}

shown_value show(const settings& in, std::string_view key) {
  shown_value made;
  for_each_table([&](std::string_view name, const auto& keys, auto settings::*table) {
    if (!key.starts_with(name) || key.substr(name.size(), 1) != ".") return;
    made = show(keys, in.*table, key.substr(name.size() + 1));
  });
  return made;
}

}  // namespace relay::config
