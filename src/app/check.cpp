#include "commands.hpp"
#include "hardening.hpp"
#include "missing_devices.hpp"
#include "open_log.hpp"

#include <relay/forward/endpoint_layers.hpp>

#include <algorithm>
#include <ostream>
#include <span>

namespace relay::app {
namespace {

constexpr std::size_t most_counted = 50;

std::string counted(std::size_t count, const char* what) {
  return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
}

/// Of a text, no more than so many are kept.
std::string counted_warnings(std::size_t count) {
  if (count > most_counted) return "more than " + counted(most_counted, "warning");
  return counted(count, "warning");
}

bool is_error(const config::problem& what) {
  return what.severity == config::problem::level::error;
}

void append(std::vector<config::problem>& all, std::vector<config::problem> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

/// Everything there is to say about a configuration that can be read.
std::vector<config::problem> problems_of(config::loaded& what, const environment& with) {
  auto all = std::move(what.warnings);
  const auto& process = what.value.process;
  const bool is_wanted = process.binds_partially && process.keys.at("bind").from;
  append(all, config::duplicate_listens(what.value, is_wanted ? config::problem::level::warning
                                                              : config::problem::level::error));
  append(all, missing_devices(what.value));
  std::vector<config::problem> transports;
  forward::make_layers(what.value, transports, with.variable("CREDENTIALS_DIRECTORY"));
  append(all, std::move(transports));
  append(all, hardening_problems(what.value));
  if (auto log = log_problem(what.value.log)) all.push_back(*std::move(log));
  return all;
}

/// Each takes a look through its text, and a thousand endpoints may have one bad certificate.
void show(const std::vector<config::problem>& problems, std::ostream& to) {
  constexpr std::size_t most = 200;
  for (const auto& each : std::span(problems).first(std::min(problems.size(), most)))
    to << config::render(each) << '\n';
  if (problems.size() > most)
    to << "and " << counted(problems.size() - most, "more problem") << '\n';
}

/// What is wrong with the hook library; empty when nothing is.
std::string hook_problem(const check_words& given) {
  try {
    if (given.hook) forward::load_hook(*given.hook);
  } catch (const forward::hook_error& e) {
    return e.what();
  }
  return {};
}

}  // namespace

int check(const invocation& given, const environment& with) {
  const auto& words = std::get<check_words>(given.own);
  auto read = load(given, with, true);
  if (!read) {
    with.err << "error: " << given.missing << '\n';
    return exit_usage;
  }
  const auto problems = problems_of(*read, with);
  show(problems, with.err);
  if (read->legacy) with.err << "attention: you are using a legacy config file!\n";
  const auto hook = hook_problem(words);
  if (!hook.empty()) with.err << "error: " << hook << '\n';
  if (std::ranges::any_of(problems, is_error) || !hook.empty()) return exit_config;
  const auto warnings = problems.size() + given.warnings.size();
  if (words.strict && warnings != 0) {
    with.err << "not ok: " << counted_warnings(warnings) << " (--strict)\n";
    return exit_config;
  }
  if (words.print) {
    with.out << config::to_toml(read->value);
  } else {
    with.out << "configuration ok: " << counted(read->value.endpoints.size(), "endpoint");
    if (warnings != 0) with.out << ", " << counted_warnings(warnings);
    with.out << '\n';
  }
  return exit_done;
}

}  // namespace relay::app
