#pragma once

#include <relay/config/load.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace relay::config::test {

inline loaded load(std::string text, const overrides& forced = {}) {
  return load_text("t", std::move(text), forced);
}

/// The problems of a text that must not load.
inline std::vector<problem> problems_of(std::string text, const overrides& forced = {}) {
  try {
    load(std::move(text), forced);
  } catch (const config_error& failure) {
    return failure.problems();
  }
  ADD_FAILURE() << "the text was accepted";
  return {};
}

/// `3:10: error: unknown key …`, one a line.
inline std::string brief(const std::vector<problem>& problems) {
  std::string text;
  for (const auto& each : problems) {
    text += each.where.to_string() +
            (each.severity == problem::level::error ? ": error: " : ": warning: ") + each.message +
            '\n';
  }
  return text;
}

/// An endpoint to which lines can be added.
inline std::string with_endpoint(const std::string& lines) {
  return "[[endpoints]]\nlisten = \"127.0.0.1:1\"\nremote = \"b:2\"\n" + lines;
}

/// A folder of its own, removed at the end.
class temporary_folder {
 public:
  temporary_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "relay-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void write(const std::filesystem::path& name, const std::string& text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace relay::config::test
