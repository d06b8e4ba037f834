#include "background.hpp"
#include "commands.hpp"
#include "cpu_count.hpp"
#include "descriptor_limit.hpp"
#include "hardening.hpp"
#include "open_log.hpp"
#include "signals.hpp"
#include "standard_streams.hpp"
#include "start_messages.hpp"
#include "start_report.hpp"

#include <relay/app/run.hpp>
#include <relay/base/error.hpp>
#include <relay/base/log.hpp>
#include <relay/config/listen_clashes.hpp>
#include <relay/ops/control_place.hpp>
#include <relay/ops/service_manager.hpp>

#include <spdlog/logger.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <filesystem>
#include <ostream>
#include <system_error>

namespace relay::app {
namespace {

bool serves_something(const config::settings& what) {
  return std::ranges::any_of(what.endpoints, [](const config::endpoint& each) {
    return !each.network.no_tcp || each.network.use_udp;
  });
}

void apply_descriptor_limit(const service_words& given) {
  if (!given.nofile_given) raise_descriptor_limit();
  if (given.nofile) set_descriptor_limit(*given.nofile);
}

/// A service whose configuration has no endpoints yet has not failed: it is done. systemd calls one
/// that ends without having been ready a failure.
int nothing_to_serve(const serve_options& options, std::ostream& err) {
  err << "warning: nothing to serve: the configuration has no endpoint with a listener\n"
      << std::flush;
  ops::service_manager manager(options.variable, options.started_as);
  (void)manager.ready("nothing to serve: no endpoints");  // it will see the exit code all the same
  return exit_done;
}

/// Two endpoints at one address: the second would never serve. A start that was not asked to leave
/// it out (`process.bind`) is a mistake, as `check` says; throws then.
std::vector<config::problem> duplicates_at_start(const config::settings& what) {
  if (!config::refuses_duplicates(what)) return config::duplicate_listens(what);
  auto errors = config::duplicate_listens(what, config::problem::level::error);
  if (!errors.empty()) throw config::config_error(std::move(errors));
  return {};
}

/// The variable that holds a configuration, as `load` looks for it; null: none does.
const char* configuration_variable(const environment& with) {
  for (const char* name : {"RELAY_CONF", "REALM_CONF"}) {
    const auto text = with.variable(name).value_or("");
    if (text.find_first_not_of(" \t\r\n") != std::string::npos) return name;
  }
  return nullptr;
}

/// The path of the control socket, empty where there is none. Its folder is made here, if it is
/// relay's own: later the sandbox does not allow it. Whether that has worked is seen when the
/// socket is made.
std::string prepare_control(const config::settings& what, const invocation& given,
                            const environment& with) {
  const bool has_file = given.config && configuration_variable(with) == nullptr;
  const auto place = ops::find_control_place(
      what.control.path, has_file ? ops::control_name(*given.config) : "relay",
      {with.variable, ::geteuid(), ops::is_in_container(with.variable)});
  if (!place.folder.empty()) (void)::mkdir(place.folder.c_str(), place.folder_mode);
  return place.path;
}

/// Says what was understood and runs it. In the order of spec 1.3; nothing here starts a thread
/// before serve() does.
int start(const invocation& given, const environment& with, background& caller, pid_t started_as) {
  const auto& service = std::get<service_words>(given.own);
  apply_descriptor_limit(service);
  std::optional<forward::hook> hook;
  if (service.hook) hook = forward::load_hook(*service.hook);
  auto read = load(given, with, false);
  if (!read) {
    with.err << "error: " << given.missing << '\n';
    return exit_usage;
  }
  auto warnings = std::move(read->warnings);
  for (auto& each : duplicates_at_start(read->value)) warnings.push_back(std::move(each));
  for (const auto& each : warnings) with.err << config::render(each) << '\n';
  if (read->legacy) with.err << "attention: you are using a legacy config file!\n";
  const auto workers = worker_count(with.variable);
  if (!workers) {
    with.err << "error: " << workers.wrong << '\n';
    return exit_config;
  }

  const auto control = prepare_control(read->value, given, with);
  hardening walls(read->value, given.config.value_or(std::string()), control);
  walls.before_threads();
  auto log = open_log(read->value);
  for (const auto& each : warnings) start_messages(log, with.err).log_only(each);
  if (!log.remark().empty()) with.err << "warning: " << log.remark() << '\n';
  log.flush();  // it may go to the same place as what follows
  with.out << descriptor_line();
  if (service.pipe_bytes) with.out << "pipe capacity: " << *service.pipe_bytes << '\n';
  if (service.hook) with.out << "hook: " << *service.hook << '\n';
  with.out << start_report(read->value) << std::flush;
  with.err << std::flush;
  serve_options options;
  options.variable = with.variable;
  options.started_as = started_as;
  if (!serves_something(read->value)) return nothing_to_serve(options, with.err);
  // The variables and the command line are those of the start; files are what they are by then.
  options.read_again = [&given, &with](const std::optional<std::string>& path) {
    auto again = path ? config::load_path(*path, given.forced) : load(given, with, false).value();
    for (auto& each : duplicates_at_start(again.value)) again.warnings.push_back(std::move(each));
    return again;
  };
  if (!configuration_variable(with)) options.config_path = given.config;
  options.workers = *workers;
  options.hook = hook;
  options.control_path = control;
  if (service.pipe_bytes) options.pipe_bytes = *service.pipe_bytes;
  options.ready = [&] {
    if (service.daemon) log.flush();  // while standard streams are what they were
    caller.serves();
  };
  options.bound = [&] { walls.after_binding(log.target("relay")); };
  return with.serve(read->value, log, options);
}

/// What the operator got wrong ends here, told once (style R4).
template <class Work>
int told(const environment& with, Work work) {
  try {
    return work();
  } catch (const config::config_error& e) {
    with.err << e.what() << '\n';
    return exit_config;
  } catch (const forward::hook_error& e) {
    with.err << "error: " << e.what() << '\n';
    return exit_config;
  } catch (const std::system_error& e) {  // a log file that cannot be opened, a user's rights
    with.err << "error: " << e.what() << '\n';
    return exit_config;
  } catch (const std::exception& e) {
    with.err << "error: " << e.what() << '\n';
    return exit_failure;
  }
}

int run_relay(const invocation& given, const environment& with) {
  hold_signals();
  const auto started_as = ::getpid();
  background caller;
  if (std::get<service_words>(given.own).daemon) {
    with.out.flush();
    with.err.flush();
    caller = background::start();
    if (caller.exit_with()) return *caller.exit_with();
    if (!caller.failure().empty()) with.err << "failed to daemonize: " << caller.failure() << '\n';
  }
  const int code = told(with, [&] { return start(given, with, caller, started_as); });
  with.out.flush();
  with.err.flush();  // before the caller ends: it must be able to read all of it
  caller.ended(code);
  return code;
}

/// A command whose answer reached nobody has not done its work: a full disk behind `>` is told.
int printed(const environment& with, int code) {
  errno = 0;
  if (with.out.flush()) return code;
  with.err << "error: cannot write to the standard output";
  if (errno != 0) with.err << ": " << describe(last_system_error());
  with.err << '\n';
  return code == exit_done ? exit_failure : code;
}

int run_command(const invocation& given, const environment& with) {
  if (given.help) {
    with.out << help_text(given.what, given.called);
    return printed(with, exit_done);
  }
  if (given.version) {
    with.out << (given.called == program_name::realm ? realm_version_line() : version_line());
    return printed(with, exit_done);
  }
  for (const auto& each : given.warnings) {
    // Two of them are the reference's own lines.
    const bool verbatim = each.starts_with("invalid ");
    with.err << (verbatim ? "" : "warning: ") << each << '\n';
  }
  switch (given.what) {
    case command::check:
      return printed(with, told(with, [&] { return check(given, with); }));
    case command::convert:
      return printed(with, told(with, [&] { return convert(given, with); }));
    case command::demo:
      return told(with, [&] { return demo(given, with); });
    case command::completion:
      with.out << completion_script(std::get<completion_words>(given.own).for_shell);
      return printed(with, exit_done);
    case command::relay:
      return run_relay(given, with);
    default:
      return printed(with, told(with, [&] { return ask_daemon(given, with); }));
  }
}

int refuse(const usage_error& why, program_name called, const environment& with) {
  if (why.message.empty()) {
    with.err << help_text(why.about, called);
  } else {
    with.err << "error: " << why.message << "\n\nFor more information, try `"
             << (called == program_name::realm ? "realm" : "relay") << " --help`.\n";
  }
  return exit_usage;
}

void take_name(invocation& given, program_name called) {
  given.called = called;
  if (called == program_name::realm) given.forced.rules = config::dialect::realm;
}

/// Two sources of endpoints, of which one is not used. realm says nothing of it (spec 1.3).
void tell_what_wins(invocation& given, const environment& with) {
  const bool reads = given.what == command::relay || given.what == command::check;
  if (given.called == program_name::realm || !reads || given.help || given.version) return;
  const bool has_pairs = !given.endpoints.empty() || given.missing.starts_with("`-");
  if (given.config && has_pairs) {
    given.warnings.push_back("`-c " + *given.config +
                             "` wins: the endpoints of the command line (-l, -r) are not used");
  }
  if (given.what == command::check) return;  // it obeys its words first
  const auto* const variable = configuration_variable(with);
  if (variable != nullptr && (given.config || has_pairs)) {
    given.warnings.push_back(std::string("the variable ") + variable + " wins: " +
                             (given.config ? "`-c`" : "the endpoints of the command line") +
                             (given.config ? " is" : " are") + " not used");
  }
}

program_name name_of(int argc, const char* const* argv) {
  const bool linked = argc > 0 && std::filesystem::path(argv[0]).filename() == "realm";
  return linked ? program_name::realm : program_name::relay;
}

}  // namespace

int run(int argc, const char* const* argv, const environment& with) {
  fill_standard_streams();
  set_up_signals();
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  if (words.empty() && configuration_variable(with) != nullptr) {
    invocation nothing;
    nothing.missing = "nothing to do";
    take_name(nothing, name_of(argc, argv));
    return run_relay(nothing, with);
  }
  const auto called = name_of(argc, argv);
  auto understood = parse(words);
  if (const auto* wrong = std::get_if<usage_error>(&understood))
    return refuse(*wrong, called, with);
  auto& given = std::get<invocation>(understood);
  take_name(given, called);
  tell_what_wins(given, with);
  return run_command(given, with);
}

}  // namespace relay::app
