#pragma once

#include <relay/base/parsed.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace relay::transport {

/// The whole of a small regular file; `what` says in the sentence what it is wanted for.
parsed<std::string> read_small_file(const std::string& path, const char* what);

/// What tells a file that was written anew from the one that was there.
struct file_stamp {
  std::uint64_t inode = 0;
  std::int64_t size = -1;  ///< -1: not there
  std::int64_t modified = 0;
  std::int64_t changed = 0;
  friend bool operator==(const file_stamp&, const file_stamp&) = default;
};

/// One stat for each, links followed: what is behind a link may change too.
std::vector<file_stamp> stamps_of(const std::vector<std::string>& paths);

}  // namespace relay::transport
