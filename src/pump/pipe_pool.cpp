#include <relay/pump/pipe_pool.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
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

error_code lacks_splice() {
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return last_system_error();
  const unique_fd from_pipe(ends[0]);
  const unique_fd into_pipe(ends[1]);
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) return {};
  const unique_fd ours(pair[0]);
  const unique_fd theirs(pair[1]);
  // Nothing has come: where splice works it says so.
  const auto rc = ::splice(ours.get(), nullptr, into_pipe.get(), nullptr, 1, SPLICE_F_NONBLOCK);
  return rc >= 0 || errno == EAGAIN ? error_code() : last_system_error();
}

}  // namespace relay::pump
