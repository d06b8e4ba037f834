#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

namespace relay::names {

/// A small file that others may change: read when first asked, looked at again (one stat) at most
/// every `recheck`, read again when it has changed. A file that is not there is an empty one.
class watched_file {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds recheck{2};
  static constexpr std::uintmax_t max_size = 16 << 20;  ///< what is behind it is not read

  explicit watched_file(std::string path) : path_(std::move(path)) {}
  /// The whole text, the first time and whenever it has changed.
  std::optional<std::string> news(time_point now);

 private:
  std::string path_;
  bool read_ = false;
  std::filesystem::file_time_type written_ = std::filesystem::file_time_type::min();
  std::uintmax_t size_ = 0;
  time_point next_check_ = time_point::min();
};

}  // namespace relay::names
