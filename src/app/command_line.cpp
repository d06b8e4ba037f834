#include "option_values.hpp"

#include <relay/base/utf8.hpp>
#include <relay/base/words.hpp>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace relay::app {
namespace {

/// Thrown and caught in this file only: the first thing that makes no sense ends the reading.
struct senseless {
  std::string message;
};

command command_of(std::string_view word) {
  const auto all = command_table();
  const auto found = std::ranges::find(all, word, &command_row::name);
  return found == all.end() ? command::relay : found->what;
}

/// What the word behind a command is called; empty: it takes none.
std::string_view word_of(command what) {
  const auto all = command_table();
  const auto found = std::ranges::find(all, what, &command_row::what);
  return found == all.end() ? std::string_view() : found->word;
}

std::string missing_word(command what) {
  if (what == command::kill) return "end which session? `relay sessions` has their numbers";
  if (what == command::drain) return "drain which endpoint? `relay status` has their names";
  return "which level? one of " + join_words(log_level_words());
}

shell shell_of(std::string_view word) {
  if (word == "bash") return shell::bash;
  if (word == "zsh") return shell::zsh;
  if (word == "fish") return shell::fish;
  throw senseless{"completions are made for bash, zsh and fish, not for `" + std::string(word) +
                  "`"};
}

/// Reads the words one by one. CLI11 is not asked to: it differs from the reference in what `-l=A`,
/// `-l -x`, `-u -u` and `--udp=false` mean, and once those are normalised nothing is left to parse.
class reader {
 public:
  reader(command what, std::span<const std::string> words) : words_(words), into_(what) {
    into_.endpoints.emplace_back();
  }

  invocation read() {
    while (next_ < words_.size()) read_word(words_[next_++]);
    finish_endpoints();
    return std::move(into_);
  }

 private:
  void read_word(const std::string& word) {
    if (plain_ || word == "-" || !word.starts_with('-')) return stray(word);
    if (word == "--") {
      plain_ = true;
    } else if (word.starts_with("--")) {
      read_long(word);
    } else {
      read_letters(word);
    }
  }

  void stray(const std::string& word) {
    if (takes_word() && !has_word_) {
      has_word_ = true;
      return take_word(word);
    }
    // `relay check FILE`, as everybody writes it first.
    if (into_.what == command::check && !into_.config) {
      into_.config = word;
      return;
    }
    const bool known = command_of(word) != command::relay;
    if (!known && into_.what == command::relay) throw senseless{neither(word)};
    throw senseless{"unexpected word `" + word + "`" +
                    (known ? "; a sub-command comes first" : "")};
  }

  bool takes_word() const {
    return into_.what == command::convert || into_.what == command::completion ||
           !word_of(into_.what).empty();
  }

  void take_word(const std::string& word) {
    if (auto* const conversion = std::get_if<convert_words>(&into_.own)) {
      conversion->input = word;
    } else if (auto* const completion = std::get_if<completion_words>(&into_.own)) {
      completion->for_shell = shell_of(word);
    } else {
      std::get<question_words>(into_.own).about = word;
    }
  }

  /// A word in the place of a command: a slip, or a configuration without its `-c`.
  static std::string neither(const std::string& word) {
    std::vector<std::string_view> names;
    for (const auto& each : command_table()) names.push_back(each.name);
    const auto nearest = nearest_word(word, names);
    return "unexpected word `" + word + "`: neither a command nor an option; " +
           (nearest.empty() ? std::string() : "did you mean `" + std::string(nearest) + "`? ") +
           "a configuration is given as -c PATH";
  }

  void read_long(std::string_view word) {
    const auto equals = word.find('=');
    const auto name = word.substr(2, equals == word.npos ? word.npos : equals - 2);
    const auto* row = find([&](const option_row& each) {
      return each.name == name || (!each.alias.empty() && each.alias == name);
    });
    if (!row) throw senseless{"unknown option `--" + std::string(name) + "`"};
    const auto shown = "--" + std::string(name);
    if (row->value.empty()) {
      if (equals != word.npos) throw senseless{"`" + shown + "` takes no value"};
      give(*row, {}, shown);
    } else {
      give(*row, equals == word.npos ? next_value(shown) : word.substr(equals + 1), shown);
    }
  }

  /// `-ut6`, `-ulADDR`, `-l=ADDR`: flags first, the last letter may take a value.
  void read_letters(std::string_view word) {
    for (std::size_t i = 1; i < word.size(); ++i) {
      const auto* row = find([&](const option_row& each) { return each.letter == word[i]; });
      const auto shown = std::string("-") + word[i];
      if (!row) throw senseless{"unknown option `" + letter_of(word, i) + "`"};
      if (row->value.empty()) {
        if (i + 1 < word.size() && word[i + 1] == '=')
          throw senseless{"`" + shown + "` takes no value"};
        give(*row, {}, shown);
        continue;
      }
      auto glued = word.substr(i + 1);
      const bool given = !glued.empty();
      if (glued.starts_with('=')) glued.remove_prefix(1);
      return give(*row, given ? glued : next_value(shown), shown);
    }
  }

  /// The letter and, where it is of several bytes, the rest of it.
  static std::string letter_of(std::string_view word, std::size_t at) {
    std::size_t end = at + 1;
    while (end < word.size() && (static_cast<unsigned char>(word[end]) & 0xc0) == 0x80) ++end;
    return "-" + std::string(word.substr(at, end - at));
  }

  std::string_view next_value(const std::string& shown) {
    if (next_ == words_.size() || (words_[next_].starts_with('-')))
      throw senseless{"`" + shown + "` needs a value" +
                      (next_ < words_.size() ? "; one that begins with `-` is given as `" + shown +
                                                   "=" + words_[next_] + "`"
                                             : "")};
    return words_[next_++];
  }

  template <class Matches>
  const option_row* find(Matches matches) const {
    for (const auto& row : option_table())
      if ((row.commands & bit(into_.what)) && matches(row)) return &row;
    return nullptr;
  }

  void give(const option_row& row, std::string_view value, const std::string& shown) {
    if (is_endpoint_half(row)) begin_pair_if_whole();
    const bool has_config = row.letter == 'c' && into_.config;
    if (!given_.insert(&row).second || has_config)
      throw senseless{"`" + shown + "` is given twice"};
    row.apply(into_, row, value);
  }

  /// `-l` and `-r` come in pairs: after a whole one the next begins.
  void begin_pair_if_whole() {
    const auto half = [&](char letter) {
      return std::ranges::find(given_, letter, &option_row::letter);
    };
    if (half('l') == given_.end() || half('r') == given_.end()) return;
    given_.erase(half('l'));
    given_.erase(half('r'));
    into_.endpoints.emplace_back();
  }

  void finish_endpoints() {
    if (into_.what == command::convert) {
      into_.endpoints.clear();
      if (!into_.missing.empty()) throw senseless{into_.missing};
      if (!has_word_ && !into_.help) throw senseless{};
      return;
    }
    if (into_.what == command::completion) {
      into_.endpoints.clear();
      if (!has_word_ && !into_.help)
        throw senseless{"completions for which shell? `relay completion bash`, `zsh` or `fish`"};
      return;
    }
    if (asks_daemon(into_.what)) return finish_question();
    const auto given = [&](char letter) {
      return std::ranges::find(given_, letter, &option_row::letter) != given_.end();
    };
    for (auto& each : into_.endpoints) {
      auto whole = into_.endpoints.front();  // the first one has the options that all share
      whole.listen = each.listen;
      whole.remote = each.remote;
      each = std::move(whole);
    }
    if (given('l') && given('r')) return;
    if (given('l')) {
      into_.missing = "`-l " + into_.endpoints.back().listen + "` has no remote: -r is missing";
    } else if (given('r')) {
      into_.missing = "`-r " + into_.endpoints.back().remote + "` has no listener: -l is missing";
    } else {
      into_.missing = "nothing to do: give -c PATH, or -l ADDRESS and -r ADDRESS";
    }
    into_.endpoints.pop_back();
  }

  /// What is asked of a running relay must be whole before anybody is asked.
  void finish_question() {
    into_.endpoints.clear();
    if (into_.help) return;
    if (!into_.missing.empty()) throw senseless{into_.missing};
    const auto wanted = word_of(into_.what);
    if (!wanted.empty() && !has_word_) throw senseless{missing_word(into_.what)};
    const auto& about = std::get<question_words>(into_.own).about;
    if (into_.what == command::kill && !read_number<std::uint64_t>(about))
      throw senseless{"`" + about + "` is no number of a session; `relay sessions` has them"};
    const auto levels = log_level_words();
    if (into_.what == command::log_level && std::ranges::find(levels, about) == levels.end())
      throw senseless{"`" + about + "` is no level; there are " + join_words(levels)};
    into_.missing = "no configuration is given";
  }

  std::span<const std::string> words_;
  std::size_t next_ = 0;
  bool plain_ = false;  ///< after `--`
  bool has_word_ = false;
  struct by_place {
    bool operator()(const option_row* a, const option_row* b) const { return a < b; }
  };
  std::set<const option_row*, by_place> given_;
  invocation into_;
};

}  // namespace

invocation::invocation(command of) : what(of) {
  if (of == command::check) own = check_words();
  if (of == command::convert) own = convert_words();
  if (of == command::demo) own = demo_words();
  if (of == command::completion) own = completion_words();
  if (asks_daemon(of)) own = question_words();
}

std::variant<invocation, usage_error> parse(std::span<const std::string> words) {
  if (words.empty()) return usage_error{};
  const auto what = command_of(words.front());
  for (const auto& word : words)
    // As the reference demands.
    if (broken_utf8(word)) return usage_error{what, "an argument is not UTF-8"};
  try {
    return reader(what, words.subspan(what == command::relay ? 0 : 1)).read();
  } catch (const senseless& e) {
    return usage_error{what, e.message};
  }
}

}  // namespace relay::app
