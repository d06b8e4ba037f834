#include "document.hpp"

#include <relay/base/words.hpp>
#include <relay/config/keys.hpp>

#include <algorithm>

namespace relay::config {

namespace {

/// A key that once meant something: old files carry it, and nothing is lost without it.
struct retired_key {
  std::string_view name;
  std::string_view instead;
};

constexpr std::array<retired_key, 4> retired{{
    {"zero_copy", "bulk data is spliced anyway"},
    {"splice", "bulk data is spliced anyway"},
    {"fast_open", "TCP fast open is not used"},
    {"tfo", "TCP fast open is not used"},
}};

/// What other programs and people call a key of ours: no spelling of it is near.
struct foreign_name {
  std::string_view name;
  std::string_view ours;
};

constexpr std::array<foreign_name, 17> foreign{{
    {"udp", "use_udp"},
    {"tcp", "no_tcp"},
    {"bind", "listen"},
    {"source", "listen"},
    {"target", "remote"},
    {"upstream", "remote"},
    {"backend", "remote"},
    {"destination", "remote"},
    {"remotes", "extra_remotes"},
    {"backup", "extra_remotes"},
    {"load_balance", "balance"},
    {"strategy", "balance"},
    {"timeout", "tcp_timeout"},
    {"proxy_protocol", "send_proxy"},
    {"mptcp", "send_mptcp"},
    {"transport", "remote_transport"},
    {"loglevel", "level"},
}};

std::string_view usual_name(std::string_view key) {
  const auto found = std::ranges::find(foreign, key, &foreign_name::name);
  return found == foreign.end() ? std::string_view{} : found->ours;
}

/// Reads the keys of one table and knows afterwards which ones nobody asked for.
class table_reader {
 public:
  table_reader(std::string_view name, const node& table, const std::shared_ptr<const source>& from,
               findings& found)
      : name_(name), table_(table), from_(from), found_(found) {}

  /// The member of that name, whichever spelling was used; null counts as not given.
  const member* take(const key_name& key) {
    const auto* given = find(key.name);
    const auto* other = key.alias.empty() ? nullptr : find(key.alias);
    if (given != nullptr && other != nullptr) {
      found_.warning(
          {from_, other->offset},
          "`" + other->key + "` is another name of `" + given->key + "`, which is given as well",
          "`" + given->key + "` counts; remove this one");
    }
    return given != nullptr ? given : other;
  }

  /// Where the value of a key stands, by either name.
  const node* value_of(const key_name& key) {
    const auto* given = find(key.name);
    if (given == nullptr) given = find(key.alias);
    return given == nullptr ? nullptr : &given->value;
  }

  /// Called for each field of the table: fills the patch.
  template <class Patch>
  auto into(Patch& patch) {
    return [this, &patch](const key_name& key, auto field, auto, const auto& codec) {
      const auto* given = take(key);
      if (given == nullptr || skips_null(key, given->value)) return;
      patch.*field = codec.read(value_at{key.name, given->value, from_, found_});
      patch.keys.set(key.name, {from_, given->value.offset});
    };
  }

  /// A table below this one.
  const node* take_table(std::string_view key) {
    const auto* given = find(key);
    if (given == nullptr) return nullptr;
    if (given->value.what == node::kind::table) return &given->value;
    value_at{key, given->value, from_, found_}.refuse_type("a table");
    return nullptr;
  }

  const member* find(std::string_view key) {
    asked_.push_back(key);
    const auto at = std::ranges::find(table_.members, key, &member::key);
    return at == table_.members.end() ? nullptr : &*at;
  }

  void warn_about_the_rest() const {
    for (const auto& each : table_.members) {
      if (std::ranges::find(asked_, each.key) == asked_.end()) warn_about(each);
    }
  }

 private:
  /// JSON's null means "not given" for a key that may be absent, except for a list of remotes.
  static bool skips_null(const key_name& key, const node& value) {
    return value.what == node::kind::null && key.name != "listen" && key.name != "remote" &&
           key.name != "extra_remotes";
  }

  void warn_about(const member& each) const {
    const origin where{from_, each.offset};
    // The hint takes its time, and a text may have a million of them.
    if (!found_.wants(problem::level::warning)) {
      found_.warning(where, {});
      return;
    }
    const auto shown = "`" + each.key + "`";
    if (const auto old = std::ranges::find(retired, each.key, &retired_key::name);
        old != retired.end()) {
      // Files that were made by programs have it in each of hundreds of endpoints.
      if (!found_.is_first(from_.get(), old->name)) return;
      found_.warning(where, shown + " no longer does anything: " + std::string(old->instead),
                     "remove it, here and wherever else it stands in this file");
      return;
    }
    found_.warning(where,
                   "unknown key " + shown + (name_.empty() ? "" : " in ") +
                       (name_.empty() ? "" : "`" + std::string(name_) + "`"),
                   advice_on(each));
  }

  /// What an unknown key may have been meant to be; empty: nobody knows.
  std::string advice_on(const member& each) const {
    const auto nearest = nearest_word(each.key, asked_);
    if (nearest == "endpoints") {
      return is_json(*from_)
                 ? "did you mean `endpoints`?"
                 : "did you mean `[[endpoints]]`? What belongs to one of them stands below it, "
                   "as in `[endpoints.network]`";
    }
    if (!nearest.empty()) return "did you mean `" + std::string(nearest) + "`?";
    const auto known = known_keys();
    if (const auto at = std::ranges::find(known, each.key, &known_key::name); at != known.end())
      return at->table.empty() ? "it stands at the top level, outside of any table"
                               : "it belongs in `" + std::string(at->table) + "`";
    auto meant = usual_name(each.key);
    if (meant.empty()) {
      std::vector<std::string_view> names;
      for (const auto& row : known) names.push_back(row.name);
      meant = nearest_word(each.key, names);
    }
    const auto at = std::ranges::find(known, meant, &known_key::name);
    if (at == known.end()) return {};
    const auto question = "did you mean `" + std::string(meant) + '`';
    return question + (at->table.empty() || at->table == name_
                           ? "?"
                           : ", which belongs in `" + std::string(at->table) + "`?");
  }

  std::string_view name_;
  const node& table_;
  const std::shared_ptr<const source>& from_;
  findings& found_;
  std::vector<std::string_view> asked_;
};

network_patch read_network(const node& table, const std::shared_ptr<const source>& from,
                           findings& found) {
  network_patch made;
  table_reader reader("network", table, from, found);
  network_fields(reader.into(made));
  reader.warn_about_the_rest();
  return made;
}

void read_endpoints(const node& list, document& into, const std::shared_ptr<const source>& from,
                    findings& found) {
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
      into.endpoints.push_back(read_endpoint(each, from, found));
    } else {
      value_at{"endpoints", each, from, found}.refuse_type("a table in each place");
    }
  }
}

}  // namespace

endpoint_patch read_endpoint(const node& table, const std::shared_ptr<const source>& from,
                             findings& found) {
  endpoint_patch made;
  made.where = {from, table.offset};
  table_reader reader("endpoints", table, from, found);
  endpoint_fields(reader.into(made));
  const auto* listen = reader.value_of({"listen", "local"});
  if (listen != nullptr) {
    made.where = {from, listen->offset};
  } else {
    found.error({from, table.offset}, "this endpoint has no `listen`",
                "add listen = \"0.0.0.0:5000\"");
  }
  if (reader.value_of({"remote"}) == nullptr) {
    found.error({from, table.offset}, "this endpoint has no `remote`",
                "add remote = \"example.com:80\"");
  }
  if (const auto* network = reader.take_table("network")) {
    made.network = read_network(*network, from, found);
  }
  reader.warn_about_the_rest();
  return made;
}

document read_document(const std::shared_ptr<const source>& from, findings& found) {
  document made;
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
  table_reader reader("", *root, from, found);
  const auto read_table = [&](std::string_view name, auto& patch, auto fields) {
    const auto* table = reader.take_table(name);
    if (table == nullptr) return;
    table_reader inner(name, *table, from, found);
    fields(inner.into(patch));
    inner.warn_about_the_rest();
  };
  read_table("log", made.log, [](auto visit) { log_fields(visit); });
  read_table("dns", made.dns, [](auto visit) { dns_fields(visit); });
  read_table("process", made.process, [](auto visit) { process_fields(visit); });
  read_table("network", made.network, [](auto visit) { network_fields(visit); });
  if (const auto* endpoints = reader.find("endpoints")) {
    made.has_endpoints = true;
    read_endpoints(endpoints->value, made, from, found);
  }
  reader.warn_about_the_rest();
  return made;
}

std::vector<known_key> known_keys() {
  std::vector<known_key> made;
  for (const auto* name : {"log", "dns", "process", "network", "endpoints"}) {
    made.push_back({"", name, ""});
  }
  const auto listing = [&made](std::string_view table) {
    return [&made, table](const key_name& key, auto, auto, const auto&) {
      made.push_back({table, key.name, ""});
      if (!key.alias.empty()) made.push_back({table, key.alias, key.name});
    };
  };
  log_fields(listing("log"));
  dns_fields(listing("dns"));
  process_fields(listing("process"));
  network_fields(listing("network"));
  endpoint_fields(listing("endpoints"));
  made.push_back({"endpoints", "network", ""});
  return made;
}

}  // namespace relay::config
