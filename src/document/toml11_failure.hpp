#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace relay::document::toml11 {

/// Why a text is no TOML, in the words of toml11.
struct failure {
  std::size_t offset = 0;
  std::string message;
  std::string note;  ///< what stands at the place; may be empty
};

/// The message without the names of toml11's functions: "toml::parse_value: ", "detail::…: ".
inline std::string without_functions(std::string message) {
  for (const std::string_view prefix : {"[error] ", "toml::"}) {
    if (message.starts_with(prefix)) message.erase(0, prefix.size());
  }
  const auto colon = message.find(": ");
  if (colon != std::string::npos && message.find(' ') > colon) message.erase(0, colon + 2);
  while (!message.empty() && message.back() == ' ') message.pop_back();
  return message;
}

/// Where the lines of a text start, so that a line and a column (from 1, in bytes) are an offset.
class line_starts {
 public:
  explicit line_starts(std::string_view text) : size_(text.size()) {
    for (auto at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1))
      starts_.push_back(at + 1);
  }

  std::size_t offset_of(std::size_t line, std::size_t column) const {
    if (line == 0 || column == 0) return 0;
    if (line > starts_.size()) return size_;
    return std::min(starts_[line - 1] + column - 1, size_);
  }

 private:
  std::vector<std::size_t> starts_{0};
  std::size_t size_;
};

}  // namespace relay::document::toml11
