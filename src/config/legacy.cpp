#include "fragment.hpp"

#include <relay/config/limits.hpp>

#include <algorithm>
#include <charconv>

namespace relay::config {

namespace {

constexpr std::array<std::string_view, 4> legacy_keys{"listening_addresses", "listening_ports",
                                                      "remote_addresses", "remote_ports"};

/// One entry of a list, after ranges are expanded.
struct entry {
  std::string text;
  std::size_t offset = 0;
};

const member* find(const node& root, std::string_view key) {
  const auto at = std::ranges::find(root.members, key, &member::key);
  return at == root.members.end() ? nullptr : &*at;
}

std::optional<unsigned> port_of(std::string_view text) {
  unsigned port = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, ec] = std::from_chars(text.data(), end, port);
  if (ec != std::errc{} || stop != end || port > 65535) return std::nullopt;
  return port;
}

/// `N` or `A-B`. As in realm only the first two parts count and a descending range is empty.
bool expand_ports(const node& item, std::vector<entry>& into) {
  const std::string_view text = item.text;
  const auto dash = text.find('-');
  const auto first = port_of(text.substr(0, dash));
  auto last = first;
  if (dash != std::string_view::npos) {
    const auto rest = text.substr(dash + 1);
    last = port_of(rest.substr(0, rest.find('-')));
  }
  if (!first || !last) return false;
  for (auto port = *first; port <= *last && into.size() < most_endpoints; ++port) {
    into.push_back({std::to_string(port), item.offset});
  }
  return true;
}

/// The entries of one list; nothing when there is a problem with it.
std::vector<entry> read_entries(const node& root, std::string_view key,
                                const std::shared_ptr<const source>& from, findings& found) {
  std::vector<entry> made;
  const auto* given = find(root, key);
  if (given == nullptr) {
    found.error({from, root.offset}, "a realm 1.x file needs `" + std::string(key) + "`");
    return {};
  }
  const value_at whole{key, given->value, from, found};
  if (given->value.what != node::kind::list) {
    whole.refuse_type("a list of texts");
    return {};
  }
  bool complete = true;
  for (const auto& item : given->value.items) {
    const value_at each{key, item, from, found};
    if (item.what != node::kind::text) {
      each.refuse_type("a text in each place");
      complete = false;
    } else if (!key.ends_with("_ports")) {
      made.push_back({item.text, item.offset});
    } else if (!expand_ports(item, made)) {
      each.refuse('`' + item.text + "` is neither a port nor a range such as \"1000-1999\"");
      complete = false;
    }
  }
  if (!complete) return {};
  if (made.empty()) whole.refuse("the list is empty");
  if (made.size() >= most_endpoints) {
    whole.refuse("that makes more rules than make sense");
    return {};
  }
  return made;
}

/// A list that is too short is padded with its first entry, not with its last.
const entry& at_or_first(const std::vector<entry>& list, std::size_t at) {
  return at < list.size() ? list[at] : list.front();
}

}  // namespace

bool is_legacy(const node& root) {
  if (find(root, "endpoints") != nullptr) return false;
  return std::ranges::any_of(legacy_keys, [&](auto key) { return find(root, key) != nullptr; });
}

std::vector<endpoint> read_legacy(const node& root, const std::shared_ptr<const source>& from,
                                  findings& found) {
  for (const auto& each : root.members) {
    if (std::ranges::find(legacy_keys, each.key) == legacy_keys.end()) {
      found.warning({from, each.offset}, "unknown key `" + each.key + "` in a realm 1.x file");
    }
  }
  std::array<std::vector<entry>, 4> lists;
  for (std::size_t at = 0; at < lists.size(); ++at) {
    lists[at] = read_entries(root, legacy_keys[at], from, found);
  }
  const auto& [listen_hosts, listen_ports, remote_hosts, remote_ports] = lists;
  if (std::ranges::any_of(lists, [](const auto& list) { return list.empty(); })) return {};
  std::vector<endpoint> made;
  const auto read = [&](std::string_view side, const entry& host, const entry& port, auto parse) {
    // Joined with a plain colon: an IPv6 address carries its brackets in the file.
    auto address = parse(host.text + ':' + port.text);
    if (!address) {
      const bool is_port = !parse("host:" + port.text);
      found.error(
          {from, is_port ? port.offset : host.offset},
          '`' + std::string(side) + (is_port ? "_ports`: " : "_addresses`: ") + address.wrong);
    }
    return address.value;
  };
  for (std::size_t at = 0; at < listen_ports.size(); ++at) {
    const auto& host = at_or_first(listen_hosts, at);
    auto listen = read("listening", host, listen_ports[at], parse_listen);
    auto remote =
        read("remote", at_or_first(remote_hosts, at), at_or_first(remote_ports, at), parse_remote);
    // One bad address would be told for each of its ports.
    if (!listen || !remote) return {};
    auto& rule = made.emplace_back();
    rule.origin = {from, host.offset};
    rule.listen = std::move(*listen);
    rule.remote = std::move(*remote);
    for (const auto* key : {"listen", "remote"}) rule.keys.set(key, rule.origin);
  }
  return made;
}

}  // namespace relay::config
