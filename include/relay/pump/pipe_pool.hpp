#pragma once

#include <relay/base/error.hpp>
#include <relay/base/unique_fd.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace relay::pump {

/// What the pipes of the process may hold together, shared by its workers: they take descriptors
/// and kernel memory that nobody else accounts for. The first ones get the whole capacity, which
/// is the cheapest per byte; when a third is used, the others get small ones, so that many slow
/// sinks do not leave the rest without.
class pipe_budget {
 public:
  /// All pipes hold `bytes` at most, each `capacity` (what the kernel grants, down to `small`).
  /// `afford` is asked for two descriptors per pipe, `refund` gives them back; both from any
  /// worker.
  pipe_budget(std::size_t bytes, std::size_t capacity, std::function<bool()> afford,
              std::function<void()> refund);

  /// Below this a pipe moves less per system call than the copy buffer does.
  static constexpr std::size_t small = 256 * 1024;

  /// Bytes that the pipes hold that exist now.
  std::size_t taken() const noexcept { return taken_.load(std::memory_order_relaxed); }

 private:
  friend class kernel_pipe;
  /// For one pipe; 0: there is no room.
  std::size_t take();
  void give_back(std::size_t bytes);
  std::size_t least() const noexcept { return std::min(capacity_, small); }

  std::size_t bytes_;
  std::size_t capacity_;
  std::function<bool()> afford_;
  std::function<void()> refund_;
  std::atomic<std::size_t> taken_{0};
};

/// A pipe between two splices; non-blocking. Closed when it goes.
class kernel_pipe {
 public:
  /// Null when the budget or the kernel has none to give.
  static std::unique_ptr<kernel_pipe> make(pipe_budget& budget);
  ~kernel_pipe();
  kernel_pipe(const kernel_pipe&) = delete;
  kernel_pipe& operator=(const kernel_pipe&) = delete;

  int read_end() const noexcept { return read_.get(); }
  int write_end() const noexcept { return write_.get(); }
  /// It has the whole capacity: the budget was not short when it was made.
  bool is_whole() const noexcept { return bytes_ == budget_.capacity_; }

 private:
  kernel_pipe(pipe_budget& budget, std::size_t bytes) : budget_(budget), bytes_(bytes) {}
  bool open();

  pipe_budget& budget_;
  std::size_t bytes_;
  unique_fd read_;
  unique_fd write_;
};

/// The empty pipes of one worker; whole ones are lent first, the last that came back before others.
class pipe_pool {
 public:
  explicit pipe_pool(pipe_budget& budget) : budget_(budget) {
    idle_.reserve(keep);  // giving back must not fail
  }

  /// Null when there is none; copying goes on then.
  std::unique_ptr<kernel_pipe> lease();
  /// Takes an empty pipe back.
  void give_back(std::unique_ptr<kernel_pipe> empty);
  /// Closes what is not lent: somebody needs the descriptors.
  void clear() { idle_.clear(); }

 private:
  static constexpr std::size_t keep = 16;
  pipe_budget& budget_;
  std::vector<std::unique_ptr<kernel_pipe>> idle_;
};

/// Why nothing can be spliced here: a sandbox forbids it, or a kernel of another make lacks it.
/// Nothing when it can.
error_code lacks_splice();

}  // namespace relay::pump
