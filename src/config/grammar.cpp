#include "assemble.hpp"

#include <relay/base/words.hpp>

#include <algorithm>
#include <charconv>

namespace relay::config {

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// The trimmed parts that are not empty.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find(separator, at), text.size());
    if (const auto part = trimmed(text.substr(at, end - at)); !part.empty()) parts.push_back(part);
    at = end + 1;
  }
  return parts;
}

bool is_weight(std::string_view text) {
  unsigned weight = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, ec] = std::from_chars(text.data(), end, weight);
  return ec == std::errc{} && stop == end && weight <= 255;
}

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
  const std::string_view text = what.balance;
  const auto colon = text.find(':');
  const auto strategy = trimmed(text.substr(0, colon));
  if (strategy != "off" && strategy != "roundrobin" && strategy != "iphash") {
    found.error(where, "`balance`: unknown strategy `" + std::string(strategy) + '`',
                "it takes off, roundrobin or iphash, as in \"roundrobin: 4, 2\"");
    return;
  }
  if (colon == std::string_view::npos) {
    found.error(where, "`balance`: the colon after the strategy is missing",
                "write \"" + std::string(strategy) + ":\" and the weights");
    return;
  }
  if (strategy == "off") return;
  std::size_t weights = 0;
  for (const auto part : split(text.substr(colon + 1), ',')) {
    if (is_weight(part)) {
      ++weights;
    } else {
      found.warning(where, "`balance`: `" + std::string(part) + "` is no weight and is left out",
                    "a weight is a number from 0 to 255; those behind it move up one remote");
    }
  }
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
