#pragma once

#include <relay/net/poller.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

struct bio_st;

namespace relay::transport {

/// Ciphertext that could not be passed on: only while a peer is slow, or right after a handshake.
struct tls_kept {
  std::size_t at = 0;
  std::vector<std::byte> bytes;

  std::span<std::byte> rest() noexcept { return std::span(bytes).subspan(at); }
};

/// What the TLS streams of one worker share: the place where OpenSSL reads and writes, with one
/// large buffer each way, so that many records go in and out with one system call. Between two
/// calls of a stream nothing of it is left here. Outlives its streams.
class tls_engine {
 public:
  /// Ciphertext of a whole copy buffer, and then some.
  static constexpr std::size_t buffer_bytes = 72 * 1024;

  /// Throws std::bad_alloc when OpenSSL gives nothing.
  explicit tls_engine(net::poller& on);
  tls_engine(const tls_engine&) = delete;
  tls_engine& operator=(const tls_engine&) = delete;
  ~tls_engine();

  net::poller& poller() noexcept { return poller_; }
  /// For both directions of every connection; whoever attaches it takes a reference.
  bio_st* bio() noexcept { return bio_; }

  /// Where the next read from below goes.
  std::span<std::byte> room(std::size_t most) noexcept;
  /// What OpenSSL reads from now on.
  void feed(std::span<const std::byte> bytes) noexcept;
  /// What it has not read yet.
  std::span<const std::byte> unread() const noexcept { return input_; }
  /// How much of a record OpenSSL holds lacks: its last request that was not met. 0: it is between
  /// two records.
  std::size_t missing() const noexcept { return missing_; }
  /// From here on it may begin so many records; behind them it finds nothing, as at the end of the
  /// input. One call of OpenSSL goes through all that it is given.
  void allow(std::uint32_t records) noexcept {
    allowed_ = records;
    is_dry_ = false;
  }
  /// Records that it has begun since it was fed,
  std::uint32_t records() const noexcept { return records_; }
  /// and whether it has asked for more than there was, or than it may have, since `allow`.
  bool is_dry() const noexcept { return is_dry_; }
  /// What it has written; `stream::headroom` writable bytes are in front.
  std::span<std::byte> output() noexcept;
  void clear_output() noexcept;

  std::unique_ptr<tls_kept> keep(std::span<const std::byte> bytes);
  void give_back(std::unique_ptr<tls_kept> used) noexcept;

 private:
  friend struct tls_bio;

  net::poller& poller_;
  bio_st* bio_ = nullptr;
  std::unique_ptr<std::byte[]> room_;
  std::span<const std::byte> input_;
  std::size_t missing_ = 0;
  std::uint32_t allowed_ = 0;
  std::uint32_t records_ = 0;
  bool is_dry_ = false;
  std::vector<std::byte> output_;
  std::vector<std::unique_ptr<tls_kept>> spare_;
};

}  // namespace relay::transport
