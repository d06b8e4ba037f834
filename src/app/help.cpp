#include "option_values.hpp"

#include <relay/base/words.hpp>

// The only file that includes CLI11: it costs seconds to compile.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>

namespace relay::app {
namespace {

/// CLI11's formatter with the sections in the reference's order: commands come first.
class ordered_formatter final : public CLI::Formatter {
 public:
  explicit ordered_formatter(std::string usage) : usage_(std::move(usage)) { column_width(36); }

  std::string make_help(const CLI::App* app, std::string, CLI::AppFormatMode mode) const override {
    auto text = app->get_description() + "\n\nUsage: " + usage_ + '\n' +
                make_subcommands(app, mode) + make_groups(app, mode) + make_footer(app);
    // CLI11 leaves two empty lines between groups.
    for (std::size_t at = 0; (at = text.find("\n\n\n", at)) != text.npos;) text.erase(at, 1);
    return text;
  }

 private:
  std::string usage_;
};

/// Whom we take the place of, and whose scripts look at the version.
constexpr std::string_view realm_version = "2.9.4";

const command_row& row_of(command about) {
  return *std::ranges::find(command_table(), about, &command_row::what);
}

/// Of a command for a running relay.
std::string question_usage(command about) {
  const auto& row = row_of(about);
  auto usage = "relay " + std::string(row.name) + " [OPTIONS]";
  if (!row.word.empty()) usage += ' ' + std::string(row.word);
  return usage;
}

std::string question_description(command about) {
  switch (about) {
    case command::status:
      return "Shows how a running relay is doing: each endpoint with its state, its remotes and\n"
             "their health, connections and bytes; and the process.";
    case command::sessions:
      return "Lists the connections and associations of a running relay, the oldest first, a\n"
             "thousand at most.";
    case command::kill:
      return "Ends one session of a running relay, as a reset to both sides. `relay sessions` has\n"
             "the numbers, and each line of the log that is about a session.";
    case command::reload:
      return "Has a running relay read its configuration again and take it over, as SIGHUP does.";
    case command::plan:
      return "Shows what a reload would change, or one with another configuration (-c), without\n"
             "doing it.";
    case command::confirm:
      return "Keeps the configuration that `relay reload --confirm` has taken over for a while.";
    case command::drain:
      return "Closes the listeners of one endpoint of a running relay: new clients are refused,\n"
             "sessions go on to their end. It is called by its name, or by its `listen`.";
    default:
      return "Changes the level of a running relay's log, until it restarts or reloads: " +
             join_words(log_level_words()) + ".";
  }
}

std::string usage_of(command about) {
  switch (about) {
    case command::check:
      return "relay check [FLAGS] [OPTIONS] [PATH]";
    case command::convert:
      return "relay convert [-t toml|json] [-o PATH] CONFIG";
    case command::demo:
      return "relay demo [OPTIONS]";
    case command::completion:
      return "relay completion bash|zsh|fish";
    case command::relay:
      break;
    default:
      return question_usage(about);
  }
  return "relay [FLAGS] [OPTIONS]\n       relay COMMAND ...";
}

/// A usage with the name that the program was called by.
std::string usage_of(command about, program_name called) {
  auto usage = usage_of(about);
  if (called == program_name::relay) return usage;
  for (std::size_t at = 0; (at = usage.find("relay", at)) != usage.npos; at += 5)
    usage.replace(at, 5, "realm");
  return usage;
}

std::string description_of(command about) {
  switch (about) {
    case command::check:
      return "Reads a configuration, reports everything that is wrong with it and serves nothing.";
    case command::convert:
      return "Writes a configuration (TOML, JSON, a folder, or a file of realm 1.x) as TOML or "
             "JSON.";
    case command::demo:
      return "Runs a small web server and a relay in front of it, to try things out.";
    case command::completion:
      return "Prints what a shell has to read so that it completes the command lines of relay:\n"
             "  bash: source <(relay completion bash)\n"
             "  zsh:  source <(relay completion zsh), after compinit\n"
             "  fish: relay completion fish | source";
    case command::relay:
      break;
    default:
      return question_description(about) +
             "\nNeeds a running relay: without one it says so and ends with exit code 69.";
  }
  return "Relays TCP connections and UDP datagrams.";
}

std::string description_of(command about, program_name called) {
  if (called == program_name::relay) return description_of(about);
  if (about == command::convert)
    return "Writes a file of realm 1.x as TOML or JSON of today; `relay convert` takes any\n"
           "configuration.";
  const auto text = description_of(about);
  if (about != command::relay) return text;
  return "This is relay " RELAY_VERSION " in the place of realm " + std::string(realm_version) +
         ".\n" + text;
}

void add_row(CLI::App& app, const option_row& row) {
  std::string names = row.letter ? std::string("-") + row.letter + ',' : "";
  names += "--" + std::string(row.name);
  const std::string help(row.help);
  auto* option = row.value.empty() ? app.add_flag(names) : app.add_option(names);
  option->description(help)->group(std::string(row.section));
  if (!row.value.empty()) option->option_text(std::string(row.value));
}

}  // namespace

std::string help_text(command about, program_name called) {
  CLI::App app(description_of(about, called));
  app.set_help_flag();
  app.formatter(std::make_shared<ordered_formatter>(usage_of(about, called)));
  for (const auto& row : option_table())
    if (row.commands & bit(about)) add_row(app, row);
  if (about == command::relay)
    for (const auto& row : command_table())
      app.add_subcommand(std::string(row.name), std::string(row.help))
          ->group(asks_daemon(row.what) ? "COMMANDS FOR A RUNNING RELAY" : "COMMANDS");
  return app.help();
}

std::string version_line() {
  return "relay " RELAY_VERSION " [batched-udp][hook][proxy][balance][transport][multi-thread]\n";
}

std::string realm_version_line() {
  const auto own = version_line();
  return "Realm " + std::string(realm_version) + own.substr(own.find(" ["));
}

}  // namespace relay::app
