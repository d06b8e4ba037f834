#pragma once

#include <relay/base/ip.hpp>
#include <relay/names/watched_file.hpp>

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace relay::names {

/// Finds a `std::string` key by a `std::string_view` without making a string of it.
struct name_hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view name) const noexcept {
    return std::hash<std::string_view>{}(name);
  }
};
template <class Value>
using name_map = std::unordered_map<std::string, Value, name_hash, std::equal_to<>>;

/// Lower-case names and their addresses, each in the order of the file.
using hosts_table = name_map<std::vector<ip_address>>;

/// Reads the text of a hosts(5) file; lines that make no sense are skipped.
hosts_table parse_hosts(std::string_view text);

/// A hosts file as it is now (see watched_file). Not for several threads at once.
class hosts_file {
 public:
  explicit hosts_file(std::string path) : file_(std::move(path)) {}
  /// `name` in lower case, without a trailing dot. Null when the file does not know it; otherwise
  /// good until the next call.
  const std::vector<ip_address>* find(std::string_view name, watched_file::time_point now);

 private:
  watched_file file_;
  hosts_table table_;
};

}  // namespace relay::names
