#pragma once

#include <sys/types.h>

#include <vector>

namespace relay::bench {

/// Seconds of CPU that the trees of these processes have used: all threads of all descendants that
/// live, in nanoseconds from the scheduler, and the descendants that have ended, in clock ticks.
double cpu_of(const std::vector<pid_t>& roots);

/// The pids of a comma-separated list.
std::vector<pid_t> parse_pids(const char* text);

}  // namespace relay::bench
