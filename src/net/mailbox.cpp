#include <relay/net/mailbox.hpp>

#include <boost/system/system_error.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

namespace relay::net {
namespace {

// More than wait for a worker unless it is held up for long.
constexpr std::size_t usual = 32;

}  // namespace

mailbox::mailbox(poller& on, fault_handler fault) : bell_(on), fault_(std::move(fault)) {
  waiting_.reserve(usual);
  spare_.reserve(usual);
  auto ec = error_code();
  unique_fd bell(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!bell) {
    ec = last_system_error();
  } else {
    ec = bell_.attach(std::move(bell));
  }
  if (ec) throw boost::system::system_error(ec, "eventfd");
  bell_.notify(this);
}

mailbox::~mailbox() { bell_.notify(nullptr); }

void mailbox::put(std::function<void()> what) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(what));
  if (waiting_.size() == 1) ring();  // else it rings already
}

void mailbox::ring() noexcept {
  const std::uint64_t one = 1;
  // Cannot fail: the counter is far from its end.
  (void)!::write(bell_.fd(), &one, sizeof one);
}

void mailbox::wake() {
  auto due = std::exchange(spare_, {});
  {
    const std::lock_guard lock(mutex_);
    std::uint64_t rung = 0;
    (void)!::read(bell_.fd(), &rung, sizeof rung);
    bell_.clear(seen::readable);
    due.swap(waiting_);
  }
  for (auto& each : due) contain(fault_, [&each] { each(); });
  due.clear();
  spare_ = std::move(due);
}

}  // namespace relay::net
