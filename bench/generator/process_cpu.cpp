#include "process_cpu.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace relay::bench {
namespace {

namespace files = std::filesystem;

// Fields 16 and 17 of stat, counted from the end of the name, which may hold anything.
double of_ended_children(const std::string& process) {
  std::ifstream file(process + "/stat");
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream rest(line.substr(name_end + 1));
  std::string skipped;
  for (int i = 3; i < 16; ++i) rest >> skipped;
  double user = 0;
  double system = 0;
  rest >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double of_tree(pid_t root) {
  const auto process = "/proc/" + std::to_string(root);
  double used = of_ended_children(process);
  std::error_code gone;  // threads and processes may end while they are looked at
  for (const auto& thread : files::directory_iterator(process + "/task", gone)) {
    double nanoseconds = 0;
    std::ifstream(thread.path() / "schedstat") >> nanoseconds;
    used += nanoseconds * 1e-9;
    std::ifstream children(thread.path() / "children");
    for (pid_t child = 0; children >> child;) used += of_tree(child);
  }
  return used;
}

}  // namespace

double cpu_of(const std::vector<pid_t>& roots) {
  double used = 0;
  for (const auto root : roots) used += of_tree(root);
  return used;
}

std::vector<pid_t> parse_pids(const char* text) {
  std::vector<pid_t> pids;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    pids.push_back(static_cast<pid_t>(std::strtol(word.c_str(), nullptr, 10)));
  }
  return pids;
}

}  // namespace relay::bench
