#pragma once

#include <relay/app/command_line.hpp>

#include <span>
#include <string_view>
#include <vector>

namespace relay::app {

/// The commands that know an option: a set of bits.
enum known_to : unsigned {
  to_relay = 1,
  to_check = 2,
  to_convert = 4,
  to_demo = 8,
  to_completion = 16,
  to_status = 32,
  to_sessions = 64,
  to_kill = 128,
  to_reload = 256,
  to_plan = 512,
  to_confirm = 1024,
  to_drain = 2048,
  to_log_level = 4096,
  to_daemon = to_status | to_sessions | to_kill | to_reload | to_plan | to_confirm | to_drain |
              to_log_level,
};

constexpr unsigned bit(command of) { return 1U << static_cast<unsigned>(of); }

/// A sub-command: one table for the parser, the help and the completions.
struct command_row {
  command what;
  std::string_view name;
  std::string_view help;
  std::string_view word{};  ///< what the word behind it is called; empty: it takes none
};

/// In the order of the help, without the program itself.
std::span<const command_row> command_table();

/// The words that a value is one of.
using value_words = std::vector<std::string_view> (*)();

/// One row of the table that the parser, the help and the completions are made from.
struct option_row {
  char letter;             ///< 0: none
  std::string_view name;   ///< without dashes
  std::string_view value;  ///< what stands for the value in the help; empty: a flag
  std::string_view help;
  /// `value` is empty for a flag. The functions of `option_values.hpp`.
  void (*apply)(invocation& into, const option_row& row, std::string_view value);
  unsigned commands = to_relay | to_check;
  std::string_view alias{};     ///< another long name, not in the help
  std::string_view section{};   ///< of the help
  value_words words = nullptr;  ///< absent: any value

  constexpr option_row of(unsigned other_commands) const {
    auto row = *this;
    row.commands = other_commands;
    return row;
  }
  constexpr option_row or_spelled(std::string_view other_name) const {
    auto row = *this;
    row.alias = other_name;
    return row;
  }
  constexpr option_row one_of(value_words these) const {
    auto row = *this;
    row.words = these;
    return row;
  }
  /// The help calls the names of files so, and nothing else.
  constexpr bool is_path() const { return value == "PATH"; }
};

/// In the order of the help.
std::span<const option_row> option_table();

/// `-l` is given once per endpoint, every other option once.
inline bool is_endpoint_half(const option_row& row) {
  return row.letter == 'l' || row.letter == 'r';
}

}  // namespace relay::app
