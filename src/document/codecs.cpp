#include <relay/base/units.hpp>
#include <relay/base/words.hpp>
#include <relay/document/codecs.hpp>

#include <algorithm>

namespace relay::document {

namespace {

constexpr std::int64_t most_seconds = std::numeric_limits<std::uint32_t>::max();
constexpr std::int64_t most_bytes = 1'000'000'000'000'000;
constexpr std::string_view a_time = "a time: whole seconds, or a text such as \"250ms\" or \"2m\"";

std::string between(std::int64_t least, std::int64_t most) {
  return "from " + std::to_string(least) + " to " + std::to_string(most);
}

/// Bytes as a number or as a text that `parse` reads.
std::optional<std::uint64_t> read_amount(const value_at& from, std::string_view expected,
                                         parsed<std::uint64_t> (*parse)(std::string_view)) {
  if (from.value.what == node::kind::integer) {
    const auto number = read_number(from, 0, most_bytes);
    if (!number) return std::nullopt;
    return static_cast<std::uint64_t>(*number);
  }
  if (from.value.what != node::kind::text) {
    from.refuse_type(expected);
    return std::nullopt;
  }
  auto made = parse(from.value.text);
  if (!made) {
    from.refuse(std::move(made.wrong));
  } else if (*made > static_cast<std::uint64_t>(most_bytes)) {
    from.refuse("`" + from.value.text + "` is too large");
    return std::nullopt;
  }
  return made.value;
}

}  // namespace

void value_at::refuse_type(std::string_view expected, std::string hint) const {
  found.error({from, value.offset},
              '`' + std::string(key) + "` takes " + std::string(expected) + ", not " +
                  std::string(name_of(value.what)),
              std::move(hint));
  found.doubt(key, {from, value.offset});
}

std::string quote(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string made = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      made += '\\';
      made += c;
    } else if (byte < ' ' || byte == 0x7f) {
      made += "\\u00";
      made += hex[byte >> 4];
      made += hex[byte & 15];
    } else {
      made += c;
    }
  }
  return made + '"';
}

std::string unquoted(std::string printed) {
  if (printed.size() < 3 || printed.front() != '"') return printed;
  auto inner = printed.substr(1, printed.size() - 2);
  const auto is_plain = [](char c) { return c > ' ' && c < 0x7f && c != '\\' && c != ','; };
  return std::ranges::all_of(inner, is_plain) ? inner : printed;
}

std::optional<bool> flag_codec::read(const value_at& from) const {
  if (from.value.what == node::kind::boolean) return from.value.boolean;
  from.refuse_type("true or false");
  return std::nullopt;
}

std::optional<std::string> text_codec::read(const value_at& from) const {
  if (from.value.what == node::kind::text) {
    // Names of devices and files end at a zero byte for the kernel: what follows would be lost.
    if (from.value.text.find('\0') == std::string::npos) return from.value.text;
    from.refuse("there is a zero byte in the text");
    return std::nullopt;
  }
  from.refuse_type("a text");
  return std::nullopt;
}

// Without a colon it is never taken for an address, and without a dash in front never for an
// option. ASCII alone, since two spellings of an umlaut would be two names.
std::optional<std::string> name_codec::read(const value_at& from) const {
  constexpr std::size_t most = 64;
  auto text = text_codec{}.read(from);
  if (!text) return std::nullopt;
  const auto is_mark = [](char c) { return c == '-' || c == '.'; };
  const auto fits = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           is_mark(c);
  };
  if (text->empty()) {
    from.refuse("the name is empty", "leave the key out where there is no name");
  } else if (text->size() > most) {
    from.refuse("the name is longer than " + std::to_string(most) + " characters");
  } else if (is_mark(text->front()) || !std::ranges::all_of(*text, fits)) {
    from.refuse('`' + *text + "` is no name",
                "it takes letters, digits, `-`, `_` and `.`, such as \"web-1\"");
  } else {
    return text;
  }
  return std::nullopt;
}

std::optional<std::int64_t> read_number(const value_at& from, std::int64_t least,
                                        std::int64_t most) {
  if (from.value.what != node::kind::integer) {
    from.refuse_type("a whole number");
    return std::nullopt;
  }
  if (from.value.integer < least || from.value.integer > most) {
    from.refuse("the number is out of range", "it takes " + between(least, most));
    return std::nullopt;
  }
  return from.value.integer;
}

std::optional<std::chrono::milliseconds> time_codec::read(const value_at& from) const {
  const std::chrono::milliseconds most = std::chrono::seconds(most_seconds);
  if (from.value.what == node::kind::integer) {
    const auto number = read_number(from, 0, most_seconds);
    if (!number) return std::nullopt;
    return std::chrono::seconds(*number);
  }
  if (from.value.what != node::kind::text) {
    from.refuse_type(a_time);
    return std::nullopt;
  }
  auto made = parse_duration(from.value.text);
  if (!made) {
    from.refuse(std::move(made.wrong));
  } else if (*made > most) {
    from.refuse("the time is out of range", "it takes " + between(0, most_seconds) + " seconds");
    return std::nullopt;
  }
  return made.value;
}

std::string time_codec::print(std::chrono::milliseconds value) const {
  if (value.count() % 1000 == 0) return std::to_string(value.count() / 1000);
  return quote(print_duration(value));
}

std::string time_codec::tell(std::chrono::milliseconds value) const {
  return print_duration(value);
}

std::optional<std::chrono::seconds> seconds_codec::read(const value_at& from) const {
  const auto made = time_codec{}.read(from);
  if (!made) return std::nullopt;
  if (made->count() % 1000 == 0) return std::chrono::duration_cast<std::chrono::seconds>(*made);
  from.refuse("`" + from.value.text + "` is not a whole number of seconds");
  return std::nullopt;
}

std::optional<std::uint64_t> size_codec::read(const value_at& from) const {
  return read_amount(from, "a size: bytes, or a text such as \"64MiB\"", parse_size);
}

std::string size_codec::print(std::uint64_t value) const {
  return value == 0 ? "0" : quote(print_size(value));
}

std::optional<std::uint64_t> rate_codec::read(const value_at& from) const {
  return read_amount(from, "a rate: bytes per second, or a text such as \"10Mbit/s\"", parse_rate);
}

std::string rate_codec::print(std::uint64_t value) const {
  return value == 0 ? "0" : quote(print_rate(value));
}

std::optional<std::size_t> read_word(const value_at& from,
                                     std::span<const std::string_view> words) {
  if (from.value.what != node::kind::text) {
    from.refuse_type(join_words(words));
    return std::nullopt;
  }
  for (std::size_t at = 0; at < words.size(); ++at) {
    if (words[at] == from.value.text) return at;
  }
  const auto nearest = nearest_word(from.value.text, words);
  from.refuse("unknown word `" + from.value.text + "`",
              "it takes " + join_words(words) +
                  (nearest.empty() ? "" : "; did you mean `" + std::string(nearest) + "`?"));
  return std::nullopt;
}

std::optional<host_port> address_codec::read(const value_at& from) const {
  if (from.value.what != node::kind::text) {
    from.refuse_type("an address as a text");
    return std::nullopt;
  }
  auto made = parse(from.value.text);
  if (!made) from.refuse(std::move(made.wrong));
  return std::move(made.value);
}

std::optional<std::vector<host_port>> address_list_codec::read(const value_at& from) const {
  return read_list<host_port>(from, "a list of addresses", parse);
}

std::string address_list_codec::print(const std::vector<host_port>& value) const {
  return print_list(value, [](const host_port& each) { return each.to_string(); });
}

}  // namespace relay::document
