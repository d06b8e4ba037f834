#include "cpu_count.hpp"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <thread>

namespace relay::app {
namespace {

constexpr std::size_t most_workers = 1024;  // more is a typing error, not a machine

std::string_view first_word(std::string_view& text) {
  const auto from = std::min(text.find_first_not_of(" \t\n"), text.size());
  const auto end = std::min(text.find_first_of(" \t\n", from), text.size());
  const auto word = text.substr(from, end - from);
  text.remove_prefix(end);
  return word;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

std::optional<std::size_t> rounded_up(std::optional<std::uint64_t> quota,
                                      std::optional<std::uint64_t> period) {
  if (!quota || !period || *quota == 0 || *period == 0) return {};
  return static_cast<std::size_t>((*quota - 1) / *period + 1);
}

void keep_least(std::optional<std::size_t>& least, std::optional<std::size_t> other) {
  if (other && (!least || *other < *least)) least = other;
}

/// Calls `visit` with the folder and each one above it. A quota of a parent counts as well.
template <class Visit>
void upwards(std::string folder, Visit visit) {
  for (;;) {
    visit(folder == "/" ? std::string() : folder);
    if (folder.empty() || folder == "/") return;
    folder.resize(folder.rfind('/'));
  }
}

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream in(path);
  if (!in) return {};
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::size_t affine_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  // Fails on machines with more CPUs than the set has bits.
  if (::sched_getaffinity(0, sizeof set, &set) == 0)
    return static_cast<std::size_t>(CPU_COUNT(&set));
  return std::thread::hardware_concurrency();
}

}  // namespace

std::optional<std::size_t> cpus_of_v2(std::string_view cpu_max) {
  const auto quota = number(first_word(cpu_max));  // `max` is no number
  return rounded_up(quota, number(first_word(cpu_max)));
}

std::optional<std::size_t> cpus_of_v1(std::string_view quota, std::string_view period) {
  return rounded_up(number(first_word(quota)), number(first_word(period)));
}

std::optional<std::string> cgroup_folder(std::string_view text, bool v1) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto one = line.find(':');
    const auto two = one == line.npos ? line.npos : line.find(':', one + 1);
    if (two == line.npos) continue;
    const auto kinds = ',' + std::string(line.substr(one + 1, two - one - 1)) + ',';
    if (v1 ? kinds.find(",cpu,") != kinds.npos : line.substr(0, two + 1) == "0::")
      return std::string(line.substr(two + 1));
  }
  return {};
}

std::optional<std::size_t> quota_cpus(const file_reader& read) {
  const auto groups = read("/proc/self/cgroup");
  if (!groups) return {};
  std::optional<std::size_t> least;
  if (const auto folder = cgroup_folder(*groups, false)) {
    upwards(*folder, [&](const std::string& at) {
      if (const auto text = read("/sys/fs/cgroup" + at + "/cpu.max"))
        keep_least(least, cpus_of_v2(*text));
    });
  }
  if (const auto folder = cgroup_folder(*groups, true)) {
    upwards(*folder, [&](const std::string& at) {
      const auto quota = read("/sys/fs/cgroup/cpu" + at + "/cpu.cfs_quota_us");
      const auto period = read("/sys/fs/cgroup/cpu" + at + "/cpu.cfs_period_us");
      if (quota && period) keep_least(least, cpus_of_v1(*quota, *period));
    });
  }
  return least;
}

std::size_t usable_cpus() {
  auto count = affine_cpus();
  if (const auto quota = quota_cpus(read_file)) count = std::min(count, *quota);
  return std::max<std::size_t>(count, 1);
}

parsed<std::size_t> worker_count(
    const std::function<std::optional<std::string>(const char*)>& variable) {
  for (const char* name : {"RELAY_WORKERS", "TOKIO_WORKER_THREADS"}) {
    const auto text = variable(name);
    if (!text) continue;
    const auto count = number(*text);
    if (!count || *count == 0 || *count > most_workers)
      return parsed<std::size_t>::bad(std::string(name) + ": `" + *text +
                                      "` is not a number of threads from 1 to " +
                                      std::to_string(most_workers));
    return parsed<std::size_t>::good(static_cast<std::size_t>(*count));
  }
  return parsed<std::size_t>::good(usable_cpus());
}

}  // namespace relay::app
