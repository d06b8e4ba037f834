#pragma once

#include <relay/base/error.hpp>
#include <relay/base/unique_fd.hpp>

#include <string>
#include <string_view>

namespace relay {

/// Where lines of the log go: a standard stream, which it borrows, or a file, which it owns. Used
/// by one thread, which may have to wait in it for as long as a reader pleases; only interrupt() is
/// for others.
class log_output {
 public:
  explicit log_output(int borrowed);
  /// Throws std::system_error when the file cannot be opened. Never waits for the reader of a FIFO.
  explicit log_output(std::string path);

  /// Writes a line with one call, all of it or with an error; `operation_canceled`: interrupt() was
  /// called. What a failure left of a line is ended before the next one, so no line has the tail
  /// of another.
  error_code write(std::string_view line);

  bool is_file() const noexcept { return !path_.empty(); }
  /// Whether what is written to `fd` goes to the same place.
  bool is_same_as(int fd) const noexcept;
  /// It was opened as a FIFO that nobody read from.
  bool lacks_reader() const noexcept { return lacks_reader_; }
  const std::string& path() const noexcept { return path_; }
  /// Opens the file again; on failure the old one stays in use.
  error_code reopen();

  /// From any thread: a write that waits for room in a file ends, or else the next one. One that
  /// the kernel holds up, on a borrowed stream or a file system that hangs, does not.
  void interrupt() noexcept;

 private:
  bool await_room();

  std::string path_;  ///< empty: a standard stream
  unique_fd file_;
  int fd_;
  unique_fd bell_;
  bool in_line_ = false;  ///< what was written last is no whole line
  bool lacks_reader_ = false;
};

}  // namespace relay
