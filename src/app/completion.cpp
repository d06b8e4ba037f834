#include "option_values.hpp"

#include <algorithm>
#include <string>

// What a shell completes comes from the tables of options and commands. Only how each shell wants
// to be told stands here.
namespace relay::app {
namespace {

constexpr std::string_view shells = "bash zsh fish";

struct named_command {
  command what;
  std::string_view name;
};

/// The program and its sub-commands.
std::vector<named_command> all_commands() {
  std::vector<named_command> all{{command::relay, "relay"}};
  for (const auto& row : command_table()) all.push_back({row.what, row.name});
  return all;
}

std::vector<const option_row*> options_of(command of) {
  std::vector<const option_row*> known;
  for (const auto& row : option_table())
    if (row.commands & bit(of)) known.push_back(&row);
  return known;
}

std::string joined(const std::vector<std::string_view>& words, std::string_view between = " ") {
  std::string all;
  for (const auto word : words) all += (all.empty() ? "" : std::string(between)) += word;
  return all;
}

std::string command_names() {
  std::vector<std::string_view> names;
  for (const auto& row : command_table()) names.push_back(row.name);
  return joined(names);
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += with.size())
    text.replace(at, what.size(), with);
  return text;
}

// -- bash

/// `relay:-c|relay:--config`: the places after which this option's value stands.
std::string bash_pattern(std::string_view of, const option_row& row) {
  const auto place = std::string(of) + ':';
  return (row.letter ? place + '-' + row.letter + '|' : "") + place + "--" + std::string(row.name);
}

std::string bash_values() {
  std::string cases;
  for (const auto& each : all_commands()) {
    for (const auto* row : options_of(each.what)) {
      if (row->value.empty()) continue;
      cases += "    " + bash_pattern(each.name, *row) + ") ";
      if (row->words)
        cases += "_relay_words '" + joined(row->words()) + "'; return ;;\n";
      else
        cases += row->is_path() ? "_relay_files; return ;;\n" : "return ;;\n";
    }
  }
  return cases;
}

std::string bash_words() {
  std::string cases;
  for (const auto& each : all_commands()) {
    std::string words;
    for (const auto* row : options_of(each.what)) {
      if (row->letter) words += std::string("-") + row->letter + ' ';
      words += "--" + std::string(row->name) + ' ';
    }
    cases += "    " + std::string(each.name) + ") _relay_words '" + words + "' ;;\n";
  }
  return cases;
}

std::string bash_script() {
  return "# bash completion for relay, made by `relay completion bash`\n"
         "_relay_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\"); }\n"
         "_relay_files() {\n"
         "  compopt -o filenames 2>/dev/null\n"
         "  mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
         "}\n"
         "_relay() {\n"
         "  local command=relay cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
         "  COMPREPLY=()\n"
         "  # `--option=value` arrives as three words\n"
         "  if [[ $cur == = ]]; then\n"
         "    cur=\n"
         "  elif [[ $prev == = ]]; then\n"
         "    prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
         "  fi\n"
         "  if ((COMP_CWORD > 1)) && [[ \" " +
         command_names() +
         " \" == *\" ${COMP_WORDS[1]} \"* ]]; then\n"
         "    command=${COMP_WORDS[1]}\n"
         "  fi\n"
         "  case $command:$prev in\n" +
         bash_values() +
         "  esac\n"
         "  if [[ $command == convert && $cur != -* ]]; then\n"
         "    _relay_files\n"
         "    return\n"
         "  fi\n"
         "  if [[ $command == log-level && $cur != -* ]]; then\n"
         "    _relay_words '" +
         joined(log_level_words()) +
         "'\n"
         "    return\n"
         "  fi\n"
         "  if [[ $command == completion && $cur != -* ]]; then\n"
         "    _relay_words '" +
         std::string(shells) +
         "'\n"
         "    return\n"
         "  fi\n"
         "  if ((COMP_CWORD == 1)) && [[ $cur != -* ]]; then\n"
         "    _relay_words '" +
         command_names() +
         "'\n"
         "    return\n"
         "  fi\n"
         "  case $command in\n" +
         bash_words() +
         "  esac\n"
         "}\n"
         "complete -F _relay relay\n";
}

// -- zsh

/// `'(-c --config)'{-c+,--config=}'[read a file]:PATH:_files'`; an option that may be repeated has
/// a star instead of the ones it excludes.
std::string zsh_option(const option_row& row) {
  auto help = std::string(row.help);
  for (const auto* special : {"\\", "[", "]", ":"})
    help = replaced(help, special, '\\' + std::string(special));
  auto rest = '[' + replaced(help, "'", "'\\''") + ']';
  if (!row.value.empty()) {
    rest += ':' + std::string(row.value) + ':';
    if (row.words) rest += '(' + joined(row.words()) + ')';
    if (row.is_path()) rest += "_files";
  }
  const auto name = "--" + std::string(row.name);
  const std::string glued = row.value.empty() ? "" : "=";
  if (!row.letter) return '\'' + name + glued + rest + '\'';
  const auto letter = std::string("-") + row.letter;
  const auto others = is_endpoint_half(row) ? "*" : '(' + letter + ' ' + name + ')';
  return '\'' + others + "'{" + letter + (row.value.empty() ? "" : "+") + ',' + name + glued +
         "}'" + rest + '\'';
}

std::string zsh_cases() {
  std::string cases;
  for (const auto& each : all_commands()) {
    cases += "    " + std::string(each.name) + ")\n      _arguments -s";
    for (const auto* row : options_of(each.what)) cases += " \\\n        " + zsh_option(*row);
    if (each.what == command::relay) cases += " \\\n        '1:command:((${commands}))'";
    if (each.what == command::convert) cases += " \\\n        '1:CONFIG:_files'";
    if (each.what == command::log_level)
      cases += " \\\n        '1:level:(" + joined(log_level_words()) + ")'";
    if (each.what == command::completion)
      cases += " \\\n        '1:shell:(" + std::string(shells) + ")'";
    cases += "\n      ;;\n";
  }
  return cases;
}

/// In double quotes, which zsh evaluates, within single quotes.
std::string zsh_quoted_twice(std::string_view help) {
  auto text = std::string(help);
  for (const auto* special : {"\\", "\"", "`", "$", ":"})
    text = replaced(text, special, '\\' + std::string(special));
  return '"' + replaced(text, "'", "'\\''") + '"';
}

std::string zsh_script() {
  std::string descriptions;
  for (const auto& row : command_table())
    descriptions += std::string(row.name) + "\\:" + zsh_quoted_twice(row.help) + ' ';
  descriptions.pop_back();
  return "#compdef relay\n"
         "# zsh completion for relay, made by `relay completion zsh`\n"
         "_relay() {\n"
         "  local command=relay\n"
         "  if ((CURRENT > 2)) && [[ ${words[2]} == (" +
         replaced(command_names(), " ", "|") +
         ") ]]; then\n"
         "    command=${words[2]}\n"
         "    shift words\n"
         "    ((CURRENT--))\n"
         "  fi\n"
         "  case $command in\n" +
         replaced(zsh_cases(), "${commands}", descriptions) +
         "  esac\n"
         "}\n"
         "if [[ ${funcstack[1]} == _relay ]]; then _relay \"$@\"; else compdef _relay relay; fi\n";
}

// -- fish

std::string fish_quoted(std::string_view text) {
  return '\'' + replaced(replaced(std::string(text), "\\", "\\\\"), "'", "\\'") + '\'';
}

std::string fish_option(const std::string& where, const option_row& row) {
  auto line = "complete -c relay -n " + where;
  if (row.letter) line += std::string(" -s ") + row.letter;
  line += " -l " + std::string(row.name);
  if (row.words)
    line += " -x -a " + fish_quoted(joined(row.words()));
  else if (!row.value.empty())
    line += row.is_path() ? " -r -F" : " -x";
  return line + " -d " + fish_quoted(row.help) + '\n';
}

std::string fish_script() {
  auto script = std::string(
      "# fish completion for relay, made by `relay completion fish`\n"
      "complete -c relay -f\n");
  for (const auto& row : command_table())
    script += "complete -c relay -n __fish_use_subcommand -a " + std::string(row.name) + " -d " +
              fish_quoted(row.help) + '\n';
  for (const auto& each : all_commands()) {
    const auto where = each.what == command::relay
                           ? fish_quoted("not __fish_seen_subcommand_from " + command_names())
                           : fish_quoted("__fish_seen_subcommand_from " + std::string(each.name));
    for (const auto* row : options_of(each.what)) script += fish_option(where, *row);
    if (each.what == command::convert) script += "complete -c relay -n " + where + " -F\n";
    if (each.what == command::log_level)
      script +=
          "complete -c relay -n " + where + " -a " + fish_quoted(joined(log_level_words())) + '\n';
    if (each.what == command::completion)
      script += "complete -c relay -n " + where + " -a " + fish_quoted(shells) + '\n';
  }
  return script;
}

}  // namespace

std::string completion_script(shell wanted) {
  switch (wanted) {
    case shell::zsh:
      return zsh_script();
    case shell::fish:
      return fish_script();
    case shell::bash:
      break;
  }
  return bash_script();
}

}  // namespace relay::app
