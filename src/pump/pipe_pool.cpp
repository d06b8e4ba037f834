#include <relay/pump/pipe_pool.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace relay::pump {

pipe_budget::pipe_budget(std::size_t most, std::size_t capacity, std::function<bool()> afford,
                         std::function<void()> refund)
    : most_(most), capacity_(capacity), afford_(std::move(afford)), refund_(std::move(refund)) {}

bool pipe_budget::take() {
  if (taken_.fetch_add(1, std::memory_order_relaxed) < most_ && afford_()) return true;
  taken_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void pipe_budget::give_back() {
  taken_.fetch_sub(1, std::memory_order_relaxed);
  refund_();
}

std::unique_ptr<kernel_pipe> kernel_pipe::make(pipe_budget& budget) {
  if (!budget.take()) return nullptr;
  std::unique_ptr<kernel_pipe> made(new kernel_pipe(budget));
  if (!made->open()) return nullptr;
  return made;
}

kernel_pipe::~kernel_pipe() { budget_.give_back(); }

bool kernel_pipe::open() {
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return false;
  read_.reset(ends[0]);
  write_.reset(ends[1]);
  // An unprivileged user who has used up pipe-user-pages-soft is refused (EPERM), so ask for less.
  const auto least = std::min(budget_.capacity_, pipe_budget::least_capacity);
  for (auto bytes = budget_.capacity_; bytes >= least && bytes > 0; bytes /= 2) {
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
  if (idle_.size() < keep) idle_.push_back(std::move(empty));
}

}  // namespace relay::pump
