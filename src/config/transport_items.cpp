#include "transport_items.hpp"

#include <relay/base/words.hpp>

#include <algorithm>
#include <span>
#include <utility>

namespace relay::config {
namespace {

enum class on : std::uint8_t { both, listen, dial };

/// An item that has a meaning.
struct known_item {
  std::string_view name;
  on side = on::both;
  transport_layer of = transport_layer::none;  ///< without effect unless the text asks for it
  bool is_word = false;                        ///< no value
  bool is_ours = false;                        ///< realm knows no such item
  on in_realm = on::both;                      ///< the side on which realm knows it, if it does
};

constexpr known_item known[]{
    {"ws", on::both, transport_layer::none, true},
    {"wss", on::both, transport_layer::none, true, true},
    {"tls", on::both, transport_layer::none, true},
    {"host", on::both, transport_layer::ws},
    {"path", on::both, transport_layer::ws},
    {"protocol", on::both, transport_layer::ws, false, true},
    {"ping", on::both, transport_layer::ws, false, true},
    {"mask", on::dial, transport_layer::ws},
    {"sni", on::dial, transport_layer::tls},
    {"alpn", on::both, transport_layer::tls, false, false, on::dial},
    {"insecure", on::dial, transport_layer::tls, true},
    {"0rtt", on::dial, transport_layer::tls, true},
    {"ca", on::dial, transport_layer::tls, false, true},
    {"client_cert", on::dial, transport_layer::tls, false, true},
    {"client_key", on::dial, transport_layer::tls, false, true},
    {"cert", on::listen, transport_layer::tls},
    {"key", on::listen, transport_layer::tls},
    {"servername", on::listen, transport_layer::tls},
    {"ocsp", on::listen, transport_layer::tls},
    {"client_ca", on::listen, transport_layer::tls, false, true},
    {"tls_end", on::both, transport_layer::tls, false, true},
};

std::string quoted(std::string_view text) { return '`' + std::string(text) + '`'; }

const known_item* find_known(std::string_view name) {
  const auto* const found = std::ranges::find(known, name, &known_item::name);
  return found == std::end(known) ? nullptr : found;
}

bool fits(on which, transport_text side) {
  return which == on::both || (which == on::listen) == (side == transport_text::listen);
}

// What realm ignores on one side stays without effect there under its name: a text that has always
// worked may hold it.
bool is_on(const known_item& item, transport_text side, dialect rules) {
  return fits(item.side, side) && (rules != dialect::realm || fits(item.in_realm, side));
}

/// Empty: nobody knows.
std::string_view nearest_of(std::string_view name, std::span<const std::string_view> names) {
  const auto nearest = nearest_word(name, names);
  if (!nearest.empty()) return nearest;
  // `cafile` is nearer to nothing, but begins with what is meant.
  std::string_view begun;
  for (const auto each : names)
    if (name.starts_with(each) && each.size() > begun.size()) begun = each;
  return begun;
}

}  // namespace

transport_items::transport_items(std::string_view text, transport_text side, dialect rules)
    : side_(side), rules_(rules) {
  for (const auto part : split(text, ';')) {
    transport_item made;
    const auto equals = part.find('=');
    made.at = static_cast<std::size_t>(part.data() - text.data());
    made.name = trimmed(part.substr(0, equals));
    made.has_equals = equals != std::string_view::npos;
    if (made.has_equals) made.value = trimmed(part.substr(equals + 1));
    items_.push_back(made);
  }
}

const transport_item* transport_items::flag(std::string_view name) const {
  const auto found = std::ranges::find_if(
      items_, [&](const auto& item) { return item.name == name && !item.has_equals; });
  return found == items_.end() ? nullptr : &*found;
}

const transport_item* transport_items::asks_for(transport_layer which) const {
  const auto* const own = flag(which == transport_layer::ws ? "ws" : "tls");
  return own != nullptr || rules_ == dialect::realm ? own : flag("wss");
}

transport_item transport_items::value(std::string_view name) {
  const auto* const about = find_known(name);
  const bool is_realms = about != nullptr && !about->is_ours && fits(about->in_realm, side_);
  if (about != nullptr && rules_ == dialect::realm && !fits(about->in_realm, side_)) return {};
  const auto exact = std::ranges::find(items_, name, &transport_item::name);
  if (exact != items_.end()) return *exact;
  if (!is_realms) return {};  // no text relies on anything here
  const auto longer =
      std::ranges::find_if(items_, [&](const auto& item) { return item.name.starts_with(name); });
  if (longer == items_.end()) return {};
  if (!longer->value.empty()) {
    abbreviated_.push_back(&*longer);
    warning(*longer, quoted(longer->name) + " is taken for " + quoted(name),
            "write " + quoted(name) + " if that is what it means");
  }
  return {name, longer->value, longer->has_equals, longer->at};
}

// Whoever writes something means something: `TLS`, `sni=…` alone, `wss` under realm's name.
void transport_items::check_layers() {
  if (items_.empty() || asks_for_any()) return;
  lacks({"ws", "tls", "wss"}, items_.front(),
        "neither `ws` nor `tls` is asked for, so all bytes cross in clear",
        "add `ws` or `tls`, or remove the whole text");
  lacking_.back().what.is_error = rules_ == dialect::relay;
}

std::string transport_items::advice_on(std::string_view unknown) {
  std::vector<std::string_view> names;
  for (const auto& each : known)
    if (is_on(each, side_, rules_)) names.push_back(each.name);
  const auto nearest = nearest_of(unknown, names);
  if (nearest.empty()) return "it takes " + join_words(names);
  // By realm's rules that is a warning, and the text as it stands has to be good.
  if (rules_ == dialect::relay) misspelt_.push_back(nearest);
  return "did you mean " + quoted(nearest) + '?';
}

void transport_items::check_name(const transport_item& item) {
  const auto* const about = find_known(item.name);
  if (about == nullptr || (item.name == "wss" && rules_ == dialect::realm)) {
    return note(item, true, "unknown item " + quoted(item.name),
                about == nullptr ? advice_on(item.name) : "write `ws;tls`");
  }
  if (!is_on(*about, side_, rules_)) {
    const bool listens = side_ == transport_text::listen;
    const auto* hint = "remove it, or move it there";
    if (item.name == "ca") hint = "to verify clients, write `client_ca`";
    if (item.name == "client_ca") hint = "to verify the remote, write `ca`";
    // Whoever means to verify somebody, or to show a certificate, must not believe that it is done.
    note(item, about->is_ours,
         quoted(item.name) + " has no effect here: it belongs in " +
             (listens ? "`remote_transport`" : "`listen_transport`"),
         hint);
  } else {
    check_use(item, about->is_word, about->of);
  }
}

void transport_items::check_use(const transport_item& item, bool is_word, transport_layer of) {
  const auto first = std::ranges::find(items_, item.name, &transport_item::name);
  if (is_word && item.has_equals) {
    note(item, of == transport_layer::none,  // it would have asked for a layer
         quoted(item.name) + " with a value has no effect",
         "write the bare word " + quoted(item.name) + ", or leave it out");
  } else if (!is_word && &*first != &item) {
    warning(item, quoted(item.name) + " is given again", "only the first one counts");
  } else if (of == transport_layer::none || !asks_for_any() || asks_for(of) != nullptr) {
    return;  // that nothing is asked for has been told once for all of them
  } else if (of == transport_layer::tls) {
    note(item, true, quoted(item.name) + " has no effect without `tls`",
         "add `tls`, or all bytes cross in clear");
  } else {
    warning(item, quoted(item.name) + " has no effect without `ws`", "add `ws`, or remove it");
  }
}

std::vector<transport_problem> transport_items::problems() {
  check_layers();
  for (const auto& item : items_) {
    if (std::ranges::find(abbreviated_, &item) == abbreviated_.end()) check_name(item);
  }
  // In front of what is told of the same item.
  for (auto each = lacking_.rbegin(); each != lacking_.rend(); ++each) {
    if (std::ranges::find_first_of(misspelt_, each->wanted) == misspelt_.end())
      problems_.insert(problems_.begin(), std::move(each->what));
  }
  std::ranges::stable_sort(problems_, {}, &transport_problem::at);
  return std::move(problems_);
}

}  // namespace relay::config
