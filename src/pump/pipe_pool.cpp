#include <relay/pump/pipe_pool.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace relay::pump {

pipe_budget::pipe_budget(std::size_t bytes, std::size_t capacity, std::function<bool()> afford,
                         std::function<void()> refund)
    : bytes_(bytes), capacity_(capacity), afford_(std::move(afford)), refund_(std::move(refund)) {}

std::size_t pipe_budget::take() {
  const auto wanted = taken() < bytes_ / 3 ? capacity_ : least();
  if (taken_.fetch_add(wanted, std::memory_order_relaxed) + wanted <= bytes_ && afford_()) {
    return wanted;
  }
  taken_.fetch_sub(wanted, std::memory_order_relaxed);
  return 0;
}

void pipe_budget::give_back(std::size_t bytes) {
  taken_.fetch_sub(bytes, std::memory_order_relaxed);
  refund_();
}

std::unique_ptr<kernel_pipe> kernel_pipe::make(pipe_budget& budget) {
  const auto bytes = budget.take();
  if (bytes == 0) return nullptr;
  std::unique_ptr<kernel_pipe> made(new kernel_pipe(budget, bytes));
  if (!made->open()) return nullptr;
  return made;
}

kernel_pipe::~kernel_pipe() { budget_.give_back(bytes_); }

bool kernel_pipe::open() {
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return false;
  read_.reset(ends[0]);
  write_.reset(ends[1]);
  // An unprivileged user who has used up pipe-user-pages-soft is refused (EPERM), so ask for less.
  const auto least = budget_.least();
  for (auto bytes = bytes_; bytes >= least && bytes > 0; bytes /= 2) {
    if (::fcntl(write_.get(), F_SETPIPE_SZ, static_cast<int>(bytes)) >= 0) return true;
  }
  return false;
}

std::unique_ptr<kernel_pipe> pipe_pool::lease() {
  if (idle_.empty()) return kernel_pipe::make(budget_);
  auto pipe = std::move(idle_.back());
  idle_.pop_back();
  return pipe;
}

void pipe_pool::give_back(std::unique_ptr<kernel_pipe> empty) {
  if (idle_.size() >= keep) return;
  const auto at = empty->is_whole() ? idle_.end() : idle_.begin();
  idle_.insert(at, std::move(empty));
}

}  // namespace relay::pump
