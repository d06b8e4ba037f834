#pragma once

#include <relay/base/unique_fd.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace relay::pump {

/// How many pipes the process may have, shared by its workers: they take descriptors and kernel
/// memory that nobody else accounts for.
class pipe_budget {
 public:
  /// `most` pipes of `capacity` bytes (what the kernel grants, down to `least_capacity`). `afford`
  /// is asked for two descriptors per pipe, `refund` gives them back; both from any worker.
  pipe_budget(std::size_t most, std::size_t capacity, std::function<bool()> afford,
              std::function<void()> refund);

  /// Below this a pipe moves less per system call than the copy buffer does.
  static constexpr std::size_t least_capacity = 256 * 1024;

  std::size_t capacity() const noexcept { return capacity_; }
  /// Pipes that exist now.
  std::size_t taken() const noexcept { return taken_.load(std::memory_order_relaxed); }

 private:
  friend class kernel_pipe;
  bool take();
  void give_back();

  std::size_t most_;
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

 private:
  explicit kernel_pipe(pipe_budget& budget) : budget_(budget) {}
  bool open();

  pipe_budget& budget_;
  unique_fd read_;
  unique_fd write_;
};

/// The empty pipes of one worker.
class pipe_pool {
 public:
  explicit pipe_pool(pipe_budget& budget) : budget_(budget) {}

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

}  // namespace relay::pump
