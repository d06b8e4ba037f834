#include "fragment.hpp"

#include <relay/config/limits.hpp>

namespace relay::config {

namespace {

/// Reads a table whose keys are a schema and nothing else.
template <class Table>
void read_table(std::string_view name, const node* table, const schema<Table>& keys, Table& into,
                const std::shared_ptr<const source>& from, findings& found) {
  if (table == nullptr) return;
  table_reader reader(name, *table, from, key_words(), found);
  reader.read(keys, into);
  reader.warn_about_the_rest();
}

void read_endpoints(const node& list, fragment& into, const std::shared_ptr<const source>& from,
                    dialect rules, findings& found) {
  const value_at whole{"endpoints", list, from, found};
  if (list.what != node::kind::list) {
    whole.refuse_type("a list of tables",
                      list.what != node::kind::table ? ""
                      : is_json(*from)
                          ? "put brackets around it, even if there is only one: [{…}]"
                          : "write `[[endpoints]]`, with two brackets, for each of them");
    return;
  }
  if (list.items.size() > most_endpoints) {
    whole.refuse("there are more than " + std::to_string(most_endpoints) + " of them");
    return;
  }
  for (const auto& each : list.items) {
    if (each.what == node::kind::table) {
      into.endpoints.push_back(read_endpoint(each, from, rules, found));
    } else {
      value_at{"endpoints", each, from, found}.refuse_type("a table in each place");
    }
  }
}

}  // namespace

endpoint read_endpoint(const node& table, const std::shared_ptr<const source>& from, dialect rules,
                       findings& found) {
  endpoint made;
  made.origin = {from, table.offset};
  table_reader reader("endpoints", table, from, key_words(), found);
  reader.read(endpoint_keys(rules), made);
  const auto* listen = reader.value_of("listen", "local");
  const auto* remote = reader.value_of("remote");
  if (listen != nullptr) made.origin = {from, listen->offset};
  read_table("network", reader.take_table("network"), network_keys(), made.network, from, found);
  reader.warn_about_the_rest();
  if (listen == nullptr && !reader.blame_misspelling_of("listen")) {
    found.error({from, table.offset}, "this endpoint has no `listen`",
                "add listen = \"0.0.0.0:5000\"");
  }
  if (remote == nullptr && !reader.blame_misspelling_of("remote")) {
    found.error({from, table.offset}, "this endpoint has no `remote`",
                "add remote = \"example.com:80\"");
  }
  return made;
}

fragment read_fragment(const std::shared_ptr<const source>& from, dialect rules, findings& found) {
  fragment made;
  made.where = {from, 0};
  const auto root = read_tree(from, found);
  if (!root) {
    made.has_endpoints = true;  // nobody knows; the syntax is the only thing to complain about
    return made;
  }
  if (is_legacy(*root)) {
    made.legacy = made.has_endpoints = true;
    made.endpoints = read_legacy(*root, from, found);
    return made;
  }
  table_reader reader("", *root, from, key_words(), found);
  const auto read = [&](std::string_view name, const auto& keys, auto& into) {
    read_table(name, reader.take_table(name), keys, into, from, found);
  };
  read("log", log_keys(), made.log);
  read("dns", dns_keys(), made.dns);
  read("process", process_keys(), made.process);
  read("control", control_keys(), made.control);
  read("network", network_keys(), made.network);
  if (const auto* endpoints = reader.find("endpoints")) {
    made.has_endpoints = true;
    read_endpoints(endpoints->value, made, from, rules, found);
  }
  reader.warn_about_the_rest();
  // The keys of an endpoint at the top level are a forgotten `[[endpoints]]`.
  for (const auto* key : {"endpoints", "listen", "remote"}) {
    if (!made.has_endpoints && reader.blame_misspelling_of(key)) made.is_blamed = true;
  }
  return made;
}

}  // namespace relay::config
