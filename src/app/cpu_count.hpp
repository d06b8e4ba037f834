#pragma once

#include <relay/base/parsed.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace relay::app {

/// CPUs worth of time that a quota grants, rounded up; nothing when there is no quota.
/// cgroup v2: the text of `cpu.max`, `150000 100000` or `max 100000`.
std::optional<std::size_t> cpus_of_v2(std::string_view cpu_max);
/// cgroup v1: the texts of `cpu.cfs_quota_us` (-1: none) and `cpu.cfs_period_us`.
std::optional<std::size_t> cpus_of_v1(std::string_view quota, std::string_view period);

/// The folder of this process in the `cpu` hierarchy, from the text of `/proc/self/cgroup`;
/// `v1` says which of the two kinds is asked for.
std::optional<std::string> cgroup_folder(std::string_view proc_self_cgroup, bool v1);

/// The tightest quota on the way from this process's group to the root. `read` gives the text of a
/// file, or nothing.
using file_reader = std::function<std::optional<std::string>(const std::string& path)>;
std::optional<std::size_t> quota_cpus(const file_reader& read);

/// CPUs this process may use: affinity and quota, at least 1.
std::size_t usable_cpus();

/// How many workers to run. `variable` reads the environment; RELAY_WORKERS comes before
/// TOKIO_WORKER_THREADS, and both before the CPUs.
parsed<std::size_t> worker_count(
    const std::function<std::optional<std::string>(const char*)>& variable);

}  // namespace relay::app
