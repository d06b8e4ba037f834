#pragma once

#include <relay/config/load.hpp>
#include <relay/config/patch.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace relay::app {

enum class command {
  relay,
  check,
  convert,
  demo,
  completion,
  // These ask a relay that is running.
  status,
  sessions,
  kill,
  reload,
  plan,
  confirm,
  drain,
  log_level,
};

/// Whether the command is nothing without a running relay.
constexpr bool asks_daemon(command what) { return what >= command::status; }

/// What the program was called by. Scripts that were written for the reference call it by that
/// name, through a link, and get what they depend on (docs/realm.md).
enum class program_name { relay, realm };

/// Shells that `relay completion` knows.
enum class shell { bash, zsh, fish };

/// What is said of the process that serves, by the program itself; `relay check` takes the same
/// words, so that the command line of a start can be checked as it is.
struct service_words {
  bool daemon = false;
  bool nofile_given = false;            ///< even with a bad value: then nothing is raised
  std::optional<std::uint64_t> nofile;  ///< soft and hard limit of descriptors
  std::optional<std::size_t> pipe_bytes;
  std::optional<std::string> hook;
};

struct check_words : service_words {
  bool strict = false;
  bool print = false;
};

struct convert_words {
  std::string input;
  std::optional<std::string> output;  ///< absent: stdout
  config::convert_format format = config::convert_format::toml;
};

struct demo_words {};

struct completion_words {
  shell for_shell = shell::bash;
};

/// What is asked of a relay that is running.
struct question_words {
  std::string about;                                 ///< kill, drain, log-level: whom or what
  bool json = false;                                 ///< status, sessions, plan
  std::optional<std::string> filter;                 ///< sessions
  bool waits = false;                                ///< reload
  std::optional<std::chrono::milliseconds> confirm;  ///< reload
};

/// A command line, understood. Nothing has been looked at but the words themselves.
struct invocation {
  explicit invocation(command what = command::relay);

  command what;
  program_name called = program_name::relay;
  bool help = false;
  bool version = false;
  std::optional<std::string> config;
  std::vector<config::command_line_endpoint> endpoints;  ///< the whole pairs
  std::string missing;  ///< why there is no endpoint, or one too few; empty when `-l -r` are whole
  config::overrides forced;
  std::vector<std::string> warnings;  ///< for stderr, one line each

  /// The words that only this command has; all that ask a running relay share one kind.
  std::variant<service_words, check_words, convert_words, demo_words, completion_words,
               question_words>
      own;
};

/// Why a command line makes no sense; exit code 2.
struct usage_error {
  command about = command::relay;
  std::string message;  ///< empty: there was nothing to do, show the help
};

/// Understands the words after the program's name, by the rules of spec 1.1 to 1.3.
std::variant<invocation, usage_error> parse(std::span<const std::string> words);

/// The help text of the program or of one of its sub-commands.
std::string help_text(command about, program_name called = program_name::relay);

/// What a shell has to read so that it completes our command lines.
std::string completion_script(shell wanted);

/// `relay 1.2.3 [feature]…` and a newline; features in the reference's order.
std::string version_line();
/// The same features behind the reference's name and the version that we take the place of.
std::string realm_version_line();

}  // namespace relay::app
