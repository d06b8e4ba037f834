#pragma once

#include <relay/base/parsed.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace relay::transport {

/// What a file holds, in memory that is wiped before it is given back: any of them may hold a key,
/// a certificate's file too. No part of it is ever anywhere else of ours.
class file_text {
 public:
  explicit file_text(std::size_t capacity);
  file_text(file_text&& other) noexcept;
  file_text& operator=(file_text&&) = delete;
  ~file_text();

  std::string_view view() const noexcept { return {bytes_.get(), size_}; }
  /// Room for more behind what is there; never empty, since it grows.
  char* room();
  std::size_t room_bytes() const noexcept { return capacity_ - size_; }
  void append(std::size_t count) noexcept { size_ += count; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// The whole of a small regular file; `what` says in the sentence what it is wanted for.
parsed<file_text> read_small_file(const std::string& path, const char* what);

/// Whether anybody on this machine may read it; no for a file that is not there.
bool is_readable_by_all(const std::string& path);

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
