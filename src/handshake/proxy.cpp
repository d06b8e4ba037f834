#include <relay/handshake/proxy.hpp>
#include <relay/net/readiness.hpp>

#include <boost/asio/this_coro.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace relay::handshake {
namespace {

using net::seen;

// Bytes of TLVs that are thrown away at a time.
constexpr std::size_t rubbish = 4096;

/// Between two waits: looks at what has come and takes what belongs to the header.
class header_reader {
 public:
  explicit header_reader(net::watch& from) : from_(from) {}

  /// Whether it is over; then `outcome` says how.
  bool go_on() {
    while (!parsed_ && !outcome_.ec) {
      if (!look()) return false;
    }
    while (!outcome_.ec && skip_ > 0) {
      if (!skip_some()) return false;
    }
    return true;
  }
  const proxy_reading& outcome() const { return outcome_; }

 private:
  /// One system call; what there is nothing of yet is 0.
  std::size_t receive(std::span<std::byte> into, int flags);
  bool look();
  bool skip_some();

  net::watch& from_;
  proxy_reading outcome_;
  std::array<std::byte, wire::longest_proxy_header> seen_;
  std::size_t size_ = 0;
  std::size_t skip_ = 0;
  bool parsed_ = false;
};

std::size_t header_reader::receive(std::span<std::byte> into, int flags) {
  for (;;) {
    const auto count = ::recv(from_.fd(), into.data(), into.size(), flags);
    if (count > 0) return static_cast<std::size_t>(count);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {
      from_.clear(seen::readable);
    } else {
      outcome_.ec = count == 0 ? make_error_code(errc::truncated) : last_system_error();
    }
    return 0;
  }
}

// Bytes are looked at before they are taken, since those behind the header are not ours.
bool header_reader::look() {
  const auto count = receive(std::span(seen_).subspan(size_), MSG_PEEK);
  if (count == 0) return bool{outcome_.ec};
  outcome_.begun = true;
  const auto answer = wire::read_proxy(std::span(seen_).first(size_ + count));
  if (const auto* refused = std::get_if<wire::proxy_refusal>(&answer)) {
    outcome_.ec = errc::bad_proxy_header;
    outcome_.why = refused->why;
    return true;
  }
  auto taken = count;
  if (const auto* header = std::get_if<wire::proxy_header>(&answer)) {
    outcome_.header = *header;
    parsed_ = true;
    skip_ = header->skip;
    taken = header->consumed - size_;
  }
  size_ += receive(std::span(seen_).subspan(size_, taken), 0);  // they are there
  return true;
}

bool header_reader::skip_some() {
  std::array<std::byte, rubbish> thrown_away;
  const auto count = receive(std::span(thrown_away).first(std::min(skip_, rubbish)), 0);
  skip_ -= count;
  return count > 0 || outcome_.ec;
}

}  // namespace

task<proxy_reading> read_proxy_header(net::watch& from, net::timer_wheel& wheel,
                                      std::chrono::milliseconds limit) {
  const auto on = co_await asio::this_coro::executor;
  net::readiness ready(on, wheel, limit);
  header_reader reader(from);
  do {
    const auto ec = co_await ready.wait(from, seen::readable);
    if (ec) {
      auto made = reader.outcome();
      made.ec = ec;
      co_return made;
    }
  } while (!reader.go_on());
  co_return reader.outcome();
}

result<std::size_t> try_write_proxy(net::watch& to, std::span<const std::byte> header) {
  for (;;) {
    const auto count = ::send(to.fd(), header.data(), header.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      const auto sent = static_cast<std::size_t>(count);
      if (sent < header.size()) to.clear(seen::writable);
      return sent;
    }
    if (errno == EINTR) continue;
    const auto ec = last_system_error();
    if (ec.value() == EAGAIN) {
      to.clear(seen::writable);
      return std::size_t{0};
    }
    if (ec.value() == ECONNRESET) to.mark(seen::reset);  // the kernel tells it once
    return ec;
  }
}

task<error_code> finish_proxy_header(net::watch& to, net::timer_wheel& wheel,
                                     std::chrono::milliseconds limit, wire::proxy_bytes header,
                                     std::size_t at) {
  const auto on = co_await asio::this_coro::executor;
  net::readiness ready(on, wheel, limit);
  while (at < header.span().size()) {
    const auto ec = co_await ready.wait(to, seen::writable);
    if (ec) co_return ec;
    const auto sent = try_write_proxy(to, header.span().subspan(at));
    if (!sent) co_return sent.error();
    at += *sent;
  }
  co_return error_code();
}

}  // namespace relay::handshake
