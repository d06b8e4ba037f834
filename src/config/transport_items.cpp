#include "transport_items.hpp"

#include <relay/base/words.hpp>

#include <algorithm>
#include <array>

namespace relay::config {
namespace {

constexpr std::array<std::string_view, 4> flags{"ws", "tls", "insecure", "0rtt"};
constexpr std::array<std::string_view, 14> known{"ws",   "host", "path",       "mask", "tls",
                                                 "sni",  "alpn", "insecure",   "0rtt", "ca",
                                                 "cert", "key",  "servername", "ocsp"};

template <class Values, class Value>
bool is_among(const Values& values, const Value& value) {
  return std::ranges::find(values, value) != values.end();
}

std::string quoted(std::string_view text) { return '`' + std::string(text) + '`'; }

}  // namespace

transport_items::transport_items(std::string_view text) {
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

transport_item transport_items::value(std::string_view name) {
  const auto exact = std::ranges::find(items_, name, &transport_item::name);
  if (exact != items_.end()) return *exact;
  if (name == "ca") return {};  // ours: no text relies on anything here
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

void transport_items::check_names() {
  for (const auto& item : items_) {
    if (is_among(abbreviated_, &item)) continue;
    if (!is_among(known, item.name)) {
      const auto nearest = nearest_word(item.name, known);
      warning(item, "unknown item " + quoted(item.name),
              nearest.empty() ? "" : "did you mean " + quoted(nearest) + '?');
      continue;
    }
    const auto first = std::ranges::find(items_, item.name, &transport_item::name);
    if (is_among(flags, item.name)) {
      if (!item.has_equals) continue;
      warning(item, quoted(item.name) + " with a value has no effect",
              "write the bare word " + quoted(item.name) + ", or leave it out");
    } else if (&*first != &item) {
      warning(item, quoted(item.name) + " is given again", "only the first one counts");
    }
  }
}

std::vector<transport_problem> transport_items::problems() {
  check_names();
  std::ranges::stable_sort(problems_, {}, &transport_problem::at);
  return std::move(problems_);
}

}  // namespace relay::config
