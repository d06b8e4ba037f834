#include "assemble.hpp"
#include "text.hpp"

#include <relay/base/words.hpp>
#include <relay/config/balance.hpp>

#include <algorithm>

namespace relay::config {

namespace {

/// The items of a transport string: flags, and names with values.
class transport_items {
 public:
  explicit transport_items(std::string_view text) : items_(split(text, ';')) {}

  bool has(std::string_view flag) const {
    return std::find(items_.begin(), items_.end(), flag) != items_.end();
  }

  /// A name with a value. Exact names come first; the reference takes the first item that merely
  /// starts with the name, and strings that rely on it keep working.
  bool has_value(std::string_view name) const {
    for (const auto item : items_) {
      if (name_of_item(item) == name) return !value_of_item(item).empty();
    }
    for (const auto item : items_) {
      if (item.starts_with(name)) return !value_of_item(item).empty();
    }
    return false;
  }

  template <class Visit>
  void each_name(Visit visit) const {
    for (const auto item : items_) visit(name_of_item(item));
  }

 private:
  static std::string_view name_of_item(std::string_view item) {
    return trimmed(item.substr(0, item.find('=')));
  }
  static std::string_view value_of_item(std::string_view item) {
    const auto equals = item.find('=');
    return equals == std::string_view::npos ? std::string_view() : trimmed(item.substr(equals + 1));
  }

  std::vector<std::string_view> items_;
};

constexpr std::array<std::string_view, 14> known_items{"ws",   "host", "path",       "mask", "tls",
                                                       "sni",  "alpn", "insecure",   "0rtt", "ca",
                                                       "cert", "key",  "servername", "ocsp"};

}  // namespace

void check_balance(const endpoint& what, findings& found) {
  if (!what.keys.at("balance").from && what.balance.empty()) return;
  const auto where = place_of(what, "balance");
  const auto read = read_balance(what.balance);
  if (!read.is_known) {
    found.error(where, "`balance`: unknown strategy `" + std::string(read.name) + '`',
                "it takes off, roundrobin or iphash, as in \"roundrobin: 4, 2\"");
    return;
  }
  if (!read.has_colon) {
    found.error(where, "`balance`: the colon after the strategy is missing",
                "write \"" + std::string(read.name) + ":\" and the weights");
    return;
  }
  if (read.by == strategy::off) return;
  for (const auto part : read.dropped) {
    found.warning(where, "`balance`: `" + std::string(part) + "` is no weight and is left out",
                  "a weight is a number from 0 to 255; those behind it move up one remote");
  }
  const auto weights = read.weights.size();
  const auto remotes = 1 + what.extra_remotes.size();
  const auto count =
      std::to_string(weights) + " weights for " + std::to_string(remotes) + " remotes";
  if (weights > remotes) {
    found.warning(where, "`balance`: " + count, "the surplus weights have no effect");
  } else if (weights < remotes) {
    found.warning(where, "`balance`: " + count, "the remotes without a weight are never chosen");
  }
}

void check_transport(std::string_view text, transport_side side, const origin& where,
                     findings& found) {
  const std::string key =
      side == transport_side::listen ? "`listen_transport`: " : "`remote_transport`: ";
  const transport_items items(text);
  items.each_name([&](std::string_view name) {
    if (std::find(known_items.begin(), known_items.end(), name) != known_items.end()) return;
    const auto nearest = nearest_word(name, known_items);
    found.warning(where, key + "unknown item `" + std::string(name) + '`',
                  nearest.empty() ? "" : "did you mean `" + std::string(nearest) + "`?");
  });
  if (items.has("ws") && !(items.has_value("host") && items.has_value("path"))) {
    found.error(where, key + "ws needs host and path", "as in \"ws;host=example.com;path=/chat\"");
  }
  if (!items.has("tls")) return;
  if (side == transport_side::remote && !items.has_value("sni")) {
    found.error(where, key + "tls needs sni", "as in \"tls;sni=example.com\"");
  }
  const bool has_pair = items.has_value("cert") && items.has_value("key");
  if (side == transport_side::listen && !has_pair && !items.has_value("servername")) {
    found.error(where, key + "tls needs cert and key, or servername",
                "as in \"tls;cert=/etc/relay/cert.pem;key=/etc/relay/key.pem\"");
  }
}

}  // namespace relay::config
