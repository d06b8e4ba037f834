#pragma once

#include <span>

namespace relay::app {

/// The signals that mean something while relay serves, or are at least no reason to die. The table
/// in docs/operations.md has every signal.
std::span<const int> served_signals();

/// The first thing that the program does: what a write may cause (SIGPIPE, SIGXFSZ) is an error of
/// that write, and the first process of a container can be ended before it serves.
void set_up_signals();
/// Until serve() listens to them, signals that do not ask for the end wait; they would end the
/// process. Threads that are made meanwhile never get them.
void hold_signals();
/// They are handled from now on.
void release_signals();
/// The end has come in order; a late signal, whose handler has gone, must not make a death of it.
void ignore_late_signals();

}  // namespace relay::app
