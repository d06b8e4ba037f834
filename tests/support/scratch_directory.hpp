#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace relay::test {

/// A directory of the test's own.
class scratch_directory {
 public:
  scratch_directory() {
    auto pattern = (std::filesystem::temp_directory_path() / "relay-test-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;
  ~scratch_directory() {
    std::error_code ec;
    std::filesystem::remove_all(path_, ec);
  }
  /// Creates or replaces a file; gives its path.
  std::string file(const std::string& name, const std::string& text) const {
    const auto path = (path_ / name).string();
    std::ofstream(path) << text;
    return path;
  }

  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace relay::test
