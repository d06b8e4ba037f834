#include "server.hpp"

#include "checked_stream.hpp"
#include "pattern.hpp"
#include "request.hpp"
#include "transfer.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <optional>

namespace relay::bench {
namespace {

using session_list = std::list<std::unique_ptr<handler>>;

/// One accepted connection; takes itself out of the list when that ends.
class session final : public handler {
 public:
  session(loop& events, unique_fd socket, observations& seen, session_list& all,
          session_list::iterator self)
      : events_(events), socket_(std::move(socket)), seen_(seen), all_(all), self_(self) {
    events_.add(socket_.get(), *this, EPOLLIN);
  }

  void ready(std::uint32_t events) override {
    bool alive = true;
    if (head_size_ < sizeof(request)) {
      alive = read_head();
    } else if (checked_) {
      alive = check();
    } else {
      if (events & ~std::uint32_t{EPOLLOUT}) alive = take();
      if (alive && (events & EPOLLOUT)) alive = give();
    }
    if (!alive) end();
  }

 private:
  int fd() const noexcept { return socket_.get(); }

  bool read_head() {
    auto rest = std::span(reinterpret_cast<char*>(&head_), sizeof head_).subspan(head_size_);
    const auto got = receive_some(fd(), rest);
    head_size_ += got.bytes;
    if (got.what == moved::end || got.what == moved::failed) return false;
    if (head_size_ < sizeof head_) return true;
    if (head_.what == role::both_ways || head_.what == role::half_close) {
      using manner = checked_stream::manner;
      const bool half = head_.what == role::half_close;
      checked_.emplace(fd(), head_.ask,
                       half ? manner::answers_an_end : manner::ends_when_both_are_done);
    }
    if (head_.what == role::source || head_.what == role::both || checked_) {
      events_.change(fd(), *this, EPOLLIN | EPOLLOUT);
    }
    return true;
  }

  bool take() {
    if (head_.what == role::exchange) return answer();
    if (head_.what == role::paced) return note_age();
    const auto got = discard_some(fd());
    seen_.received += got.bytes;
    return got.what == moved::some || got.what == moved::blocked;
  }

  bool give() {
    if (head_.what == role::exchange) return send_owed();
    return send_some(fd(), shared_block()).what != moved::failed;
  }

  bool answer() {
    const auto got = receive_some(fd(), shared_block());
    if (got.what != moved::some) return got.what == moved::blocked;
    asked_ += got.bytes;
    owed_ += asked_ / head_.ask * head_.answer;
    asked_ %= head_.ask;
    return send_owed();
  }

  bool send_owed() {
    while (owed_ > 0) {
      const auto piece = std::min<std::uint64_t>(owed_, block_size);
      const auto out = send_some(fd(), shared_block().first(static_cast<std::size_t>(piece)));
      if (out.what == moved::failed) return false;
      owed_ -= out.bytes;
      if (out.what == moved::blocked) break;
    }
    if ((owed_ > 0) != waiting_) {
      waiting_ = owed_ > 0;
      events_.change(fd(), *this, waiting_ ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
    return true;
  }

  // Chunks may be cut anywhere, also within their stamps.
  bool note_age() {
    const auto got = receive_some(fd(), shared_block());
    if (got.what != moved::some) return got.what == moved::blocked;
    seen_.received += got.bytes;
    auto data = std::span<const char>(shared_block()).first(got.bytes);
    while (!data.empty()) {
      const auto goal = chunk_at_ < sizeof chunk_ ? sizeof chunk_ : chunk_.size;
      const auto piece = std::min<std::uint64_t>(goal - chunk_at_, data.size());
      if (chunk_at_ < sizeof chunk_) {
        std::copy_n(data.data(), piece, reinterpret_cast<char*>(&chunk_) + chunk_at_);
      }
      chunk_at_ += piece;
      data = data.subspan(static_cast<std::size_t>(piece));
      if (chunk_at_ > sizeof chunk_ && chunk_at_ == chunk_.size) {
        seen_.age.add(steady::now().time_since_epoch() - std::chrono::nanoseconds(chunk_.due));
        chunk_at_ = 0;
      }
    }
    return true;
  }

  bool check() {
    const auto state = checked_->run();
    if (state == checked_stream::state::intact) {
      ++seen_.intact;
    } else if (state == checked_stream::state::broken) {
      ++seen_.broken;
    } else {
      events_.change(fd(), *this, checked_->wanted());
      return true;
    }
    return false;
  }

  void end() {
    socket_.reset();  // which takes it out of the epoll set
    events_.retire(std::move(*self_));
    all_.erase(self_);
  }

  loop& events_;
  unique_fd socket_;
  observations& seen_;
  session_list& all_;
  session_list::iterator self_;
  request head_;
  std::size_t head_size_ = 0;
  std::uint64_t asked_ = 0;  // bytes of the next request
  std::uint64_t owed_ = 0;   // bytes of answers
  bool waiting_ = false;     // for room to send them
  stamp chunk_;
  std::uint64_t chunk_at_ = 0;
  std::optional<checked_stream> checked_;
};

}  // namespace

server::server(loop& events, unique_fd listener) : events_(events), listener_(std::move(listener)) {
  events_.add(listener_.get(), *this, EPOLLIN);
}

void server::ready(std::uint32_t) {
  while (auto accepted = accept_from(listener_.get())) {
    const auto self = sessions_.emplace(sessions_.end());
    *self = std::make_unique<session>(events_, std::move(accepted), seen, sessions_, self);
  }
}

}  // namespace relay::bench
