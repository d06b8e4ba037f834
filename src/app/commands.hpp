#pragma once

#include <relay/app/command_line.hpp>
#include <relay/app/run.hpp>

namespace relay::app {

/// The configuration that the command line and the environment ask for. `own_first`: `-c` and
/// `-l -r` come before RELAY_CONF and REALM_CONF (sub-commands). Throws `config_error`; nothing
/// when nobody asks for one.
std::optional<config::loaded> load(const invocation& given, const environment& with,
                                   bool own_first);

/// `relay check`: reads, reports, serves nothing.
int check(const invocation& given, const environment& with);
/// `relay convert`: any configuration as TOML or JSON of today.
int convert(const invocation& given, const environment& with);
/// `relay demo`: a web server with a relay in front of it, until a signal.
int demo(const invocation& given, const environment& with);

/// `relay status` and all others that ask a running relay.
int ask_daemon(const invocation& given, const environment& with);

}  // namespace relay::app
