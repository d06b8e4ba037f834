#include "config_watch.hpp"

#include <relay/base/error.hpp>

#include <boost/asio/buffer.hpp>
#include <spdlog/logger.h>

#include <sys/inotify.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace relay::app {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds quiet{200};
constexpr std::uint32_t of_interest = IN_CLOSE_WRITE | IN_MODIFY | IN_MOVED_TO | IN_MOVED_FROM |
                                      IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF;

std::string content_of(const fs::path& file) {
  std::ifstream from(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(from), {}};
}

/// As the configuration of a folder is read: with everything below it, links followed.
std::vector<fs::path> all_below(const fs::path& folder) {
  std::error_code failed;
  std::vector<fs::path> all;
  constexpr int deepest = 16;  // links may lead in a circle
  auto each = fs::recursive_directory_iterator(
      folder, fs::directory_options::follow_directory_symlink, failed);
  for (; !failed && each != fs::recursive_directory_iterator(); each.increment(failed)) {
    if (each.depth() >= deepest) each.disable_recursion_pending();
    if (!each->path().filename().string().starts_with('.')) all.push_back(each->path());
  }
  return all;
}

/// The folders in which an entry that changes may change the file: the one that it is said to be
/// in, and those that its links lead through.
std::set<fs::path> folders_of(const fs::path& path) {
  std::error_code none;
  std::set<fs::path> all;
  if (fs::is_directory(path, none)) {
    all = {path, fs::weakly_canonical(path, none)};
    for (const auto& each : all_below(path)) {
      if (fs::is_directory(each, none)) all.insert(each);
    }
    return all;
  }
  auto at = fs::absolute(path, none);
  constexpr int most_links = 16;  // a ring of links has no end
  for (int i = 0; i < most_links; ++i) {
    all.insert(at.parent_path());
    if (!fs::is_symlink(at, none)) break;
    at = at.parent_path() / fs::read_symlink(at, none);
  }
  all.insert(fs::weakly_canonical(path, none).parent_path());
  return all;
}

}  // namespace

std::size_t fingerprint(const fs::path& path) {
  std::error_code failed;
  std::vector<fs::path> files;
  if (fs::is_directory(path, failed)) {
    for (const auto& each : all_below(path)) {
      if (fs::is_regular_file(each, failed)) files.push_back(each);
    }
    std::ranges::sort(files);
  } else if (fs::exists(path, failed)) {
    files.push_back(path);
  }
  std::string all;
  for (const auto& each : files) {
    const auto content = content_of(each);
    all += each.filename().string() + '\0' + std::to_string(content.size()) + '\0' + content;
  }
  return all.empty() ? 0 : std::hash<std::string_view>()(all);
}

config_watch::config_watch(boost::asio::io_context& on, fs::path path, spdlog::logger& log,
                           std::function<void()> changed)
    : path_(std::move(path)), log_(log), changed_(std::move(changed)), events_(on), settled_(on) {}

void config_watch::start() {
  if (is_running()) return;
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) {
    log_.warn("`process.watch`: inotify: {}: a change will not be noticed (SIGHUP reloads)",
              describe(last_system_error()));
    return;
  }
  events_.assign(fd);
  known_ = fingerprint(path_);
  watch();
  await();
}

void config_watch::stop() {
  settled_.cancel();
  boost::system::error_code ignored;
  events_.close(ignored);
}

// Adding one again does nothing; one that has gone and come back is another one.
void config_watch::watch() {
  for (const auto& each : folders_of(path_)) {
    ::inotify_add_watch(events_.native_handle(), each.c_str(), of_interest);
  }
}

void config_watch::await() {
  events_.async_read_some(boost::asio::buffer(room_),
                          [this](const boost::system::error_code& ec, std::size_t) {
                            if (ec) return;
                            settle();
                            await();
                          });
}

void config_watch::settle() {
  settled_.expires_after(quiet);
  settled_.async_wait([this](const boost::system::error_code& ec) {
    if (ec || !is_running()) return;
    watch();
    const auto now = fingerprint(path_);
    // A file that is gone for a moment is about to be replaced.
    if (now == 0 || std::exchange(known_, now) == now) return;
    log_.info("{} has changed", path_.string());
    changed_();
  });
}

}  // namespace relay::app
