#pragma once

#include <relay/base/host_port.hpp>
#include <relay/document/node.hpp>
#include <relay/document/words.hpp>

#include <array>
#include <chrono>
#include <limits>
#include <span>

/// How the value of a key is read from a node and printed as TOML. A codec is a small value with
///     std::optional<T> read(const value_at& from) const;   nothing: the problem is noted
///     std::string print(const T& value) const;             empty: leave the key out
///     std::string tell(const T& value) const;              where a sentence has more than `print`
namespace relay::document {

/// A value that is being read: of which key, and where problems go.
struct value_at {
  std::string_view key;
  const node& value;
  const std::shared_ptr<const source>& from;
  findings& found;

  void refuse(std::string message, std::string hint = {}) const {
    found.error({from, value.offset}, '`' + std::string(key) + "`: " + std::move(message),
                std::move(hint));
    found.doubt(key, {from, value.offset});
  }
  void refuse_type(std::string_view expected, std::string hint = {}) const;
};

/// A TOML basic string, quotes included.
std::string quote(std::string_view text);

/// A printed value without the quotes, where it is one plain word without them.
std::string unquoted(std::string printed);

/// A value as a sentence has it.
template <class Codec, class T>
std::string tell(const Codec& codec, const T& value) {
  if constexpr (requires { codec.tell(value); }) {
    return codec.tell(value);
  } else {
    return unquoted(codec.print(value));
  }
}

struct flag_codec {
  std::optional<bool> read(const value_at& from) const;
  std::string print(bool value) const { return value ? "true" : "false"; }
};

/// A text, which may be empty.
struct text_codec {
  bool print_empty = false;
  std::optional<std::string> read(const value_at& from) const;
  std::string print(const std::string& value) const {
    return value.empty() && !print_empty ? "" : quote(value);
  }
};

/// A name that stands as one word on command lines, in log lines and as a label.
struct name_codec {
  std::optional<std::string> read(const value_at& from) const;
  std::string print(const std::string& value) const { return text_codec{}.print(value); }
};

std::optional<std::int64_t> read_number(const value_at& from, std::int64_t least,
                                        std::int64_t most);

template <class T>
struct number_codec {
  std::int64_t least = 0;
  std::int64_t most = 1'000'000'000'000'000;

  std::optional<T> read(const value_at& from) const {
    const auto number = read_number(from, least, most);
    if (!number) return std::nullopt;
    return static_cast<T>(*number);
  }
  std::string print(T value) const { return std::to_string(value); }
};

/// Whole seconds or a text with a unit. The limit leaves room for "now + limit" in nanoseconds.
struct time_codec {
  std::optional<std::chrono::milliseconds> read(const value_at& from) const;
  std::string print(std::chrono::milliseconds value) const;
  std::string tell(std::chrono::milliseconds value) const;
};

/// A time that the kernel or DNS counts in seconds.
struct seconds_codec {
  std::optional<std::chrono::seconds> read(const value_at& from) const;
  std::string print(std::chrono::seconds value) const { return std::to_string(value.count()); }
  std::string tell(std::chrono::seconds value) const { return time_codec{}.tell(value); }
};

/// Bytes: a number or a text such as "64MiB".
struct size_codec {
  std::optional<std::uint64_t> read(const value_at& from) const;
  std::string print(std::uint64_t value) const;
};

/// Bytes per second: a number or a text such as "10Mbit/s".
struct rate_codec {
  std::optional<std::uint64_t> read(const value_at& from) const;
  std::string print(std::uint64_t value) const;
};

/// The position of a word that is read, or a problem that lists all words.
std::optional<std::size_t> read_word(const value_at& from, std::span<const std::string_view> words);

/// One of a few words, spelled exactly. The words outlive the codec.
template <class Enum>
struct word_codec {
  std::span<const word<Enum>> words;

  std::optional<Enum> read(const value_at& from) const {
    std::vector<std::string_view> names;
    for (const auto& each : words) names.push_back(each.name);
    const auto found = read_word(from, names);
    if (!found) return std::nullopt;
    return words[*found].value;
  }
  std::string print(Enum value) const { return quote(word_for(words, value)); }
};
template <class Enum, std::size_t Count>
word_codec(const std::array<word<Enum>, Count>&) -> word_codec<Enum>;

inline constexpr auto on_off_words = std::to_array<word<bool>>({{"on", true}, {"off", false}});
inline constexpr word_codec<bool> on_off{on_off_words};

using address_parser = parsed<host_port> (*)(std::string_view);

struct address_codec {
  address_parser parse = nullptr;
  std::optional<host_port> read(const value_at& from) const;
  std::string print(const host_port& value) const { return quote(value.to_string()); }
  /// Of an address that may be absent.
  std::string print(const std::optional<host_port>& value) const {
    return value ? print(*value) : "";
  }
};

struct address_list_codec {
  address_parser parse = nullptr;
  std::optional<std::vector<host_port>> read(const value_at& from) const;
  std::string print(const std::vector<host_port>& value) const;
};

/// The texts of a list, each with its own place; nothing when one of them is wrong. `parse` makes a
/// `parsed` of a text.
template <class T, class Parse>
std::optional<std::vector<T>> read_list(const value_at& from, std::string_view expected,
                                        Parse parse) {
  if (from.value.what != node::kind::list) {
    const bool is_one = from.value.what == node::kind::text && from.value.text.size() <= 60;
    from.refuse_type(expected,
                     is_one ? "put brackets around it: [" + quote(from.value.text) + ']' : "");
    return std::nullopt;
  }
  std::vector<T> made;
  bool complete = true;
  for (const auto& item : from.value.items) {
    const value_at each{from.key, item, from.from, from.found};
    if (item.what != node::kind::text) {
      each.refuse_type("a text in each place");
      complete = false;
    } else if (auto value = parse(item.text); value) {
      made.push_back(std::move(*value.value));
    } else {
      each.refuse(std::move(value.wrong));
      complete = false;
    }
  }
  if (!complete) return std::nullopt;
  return made;
}

/// `print` makes a text of each.
template <class T, class Print>
std::string print_list(const std::vector<T>& values, Print print) {
  std::string text = "[";
  for (const auto& each : values) {
    if (text.size() > 1) text += ", ";
    text += quote(print(each));
  }
  return text + ']';
}

}  // namespace relay::document
