#include "commands.hpp"
#include "control_client.hpp"
#include "control_print.hpp"
#include "options.hpp"

#include <relay/base/code.hpp>
#include <relay/config/load.hpp>

#include <unistd.h>

#include <filesystem>
#include <ostream>

// The commands that ask a running relay.
namespace relay::app {
namespace {

using std::chrono::milliseconds;

/// Looking through 50,000 sessions takes a fraction of it.
constexpr milliseconds usual_limit{15000};

std::string_view name_of(command what) {
  for (const auto& row : command_table())
    if (row.what == what) return row.name;
  return {};
}

ops::control_request request_of(const invocation& given) {
  const auto& asked = std::get<question_words>(given.own);
  ops::control_request made;
  made.command = name_of(given.what);
  auto& with = made.arguments;
  switch (given.what) {
    case command::sessions:
      if (asked.filter) with["filter"] = *asked.filter;
      break;
    case command::kill:
      with["id"] = asked.about;
      break;
    case command::drain:
      with["endpoint"] = asked.about;
      break;
    case command::log_level:
      with["level"] = asked.about;
      break;
    case command::reload:
      if (asked.waits) with["wait"] = "yes";
      if (asked.confirm) with["confirm_ms"] = std::to_string(asked.confirm->count());
      break;
    case command::plan:
      // The daemon has another working directory.
      if (given.config) with["config"] = std::filesystem::absolute(*given.config).string();
      break;
    default:
      break;
  }
  return made;
}

/// Where the relay that is meant has its socket. `-c` of `plan` is another configuration than the
/// one it runs with.
ops::control_place place_of(const invocation& given, const environment& with) {
  auto path = given.forced.control.path;
  std::string name = "relay";
  if (path.empty() && given.what != command::plan) {
    if (given.config) name = ops::control_name(*given.config);
    // Read only where it is known which one it is.
    if (const auto read = load(given, with, true)) path = read->value.control.path;
  }
  return ops::find_control_place(path, name,
                                 {with.variable, ::geteuid(), ops::is_in_container(with.variable)});
}

int code_of(const ops::control_error& what) {
  if (what.code == to_string(code::config)) return exit_config;
  if (what.code == ops::control_codes::bad_argument.name) return exit_usage;
  return exit_failure;
}

int tell(const ops::control_error& what, const environment& with) {
  with.err << "error: " << what.message << " (" << what.code << ")\n";
  return code_of(what);
}

int tell(const nobody_there& what, const environment& with) {
  with.err << "error: " << what.message << '\n';
  return what.is_running ? exit_failure : exit_unavailable;
}

int print(const std::string& result, const invocation& given, const environment& with) {
  const bool as_it_came = std::get<question_words>(given.own).json;
  with.out << (as_it_came ? result + '\n' : printed_answer(given.what, result));
  return exit_done;
}

}  // namespace

int ask_daemon(const invocation& given, const environment& with) {
  const auto found = find_control_socket(place_of(given, with));
  if (const auto* nobody = std::get_if<nobody_there>(&found)) return tell(*nobody, with);
  const bool takes_long = std::get<question_words>(given.own).waits;
  const auto answer = ask_control(std::get<std::string>(found), request_of(given),
                                  takes_long ? milliseconds(0) : usual_limit);
  if (const auto* nobody = std::get_if<nobody_there>(&answer)) return tell(*nobody, with);
  const auto& reply = std::get<ops::control_reply>(answer);
  if (const auto* wrong = std::get_if<ops::control_error>(&reply)) return tell(*wrong, with);
  return print(std::get<std::string>(reply), given, with);
}

}  // namespace relay::app
