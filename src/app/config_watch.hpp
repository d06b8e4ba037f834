#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/fwd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>

namespace relay::app {

/// Looks whether the file or folder of a configuration changes, by its content: folders are watched
/// (inotify), since editors and deployments put a new file in the place of the old, and so do
/// volumes of Kubernetes with a link that all their files go through. Whoever writes has 200 ms
/// between two writes; then it is read.
class config_watch {
 public:
  /// `changed` is called on the loop, once for each content.
  config_watch(boost::asio::io_context& on, std::filesystem::path path, spdlog::logger& log,
               std::function<void()> changed);

  void start();
  void stop();
  bool is_running() const noexcept { return events_.is_open(); }

 private:
  void watch();
  void await();
  void settle();

  std::filesystem::path path_;
  spdlog::logger& log_;
  std::function<void()> changed_;
  boost::asio::posix::stream_descriptor events_;
  boost::asio::steady_timer settled_;
  std::array<std::byte, 4096> room_;
  std::size_t known_ = 0;  // the content that was seen last
};

/// A number that differs when the content does: of a file, or of all files of a folder and their
/// names. 0: there is nothing that can be read.
std::size_t fingerprint(const std::filesystem::path& path);

}  // namespace relay::app
