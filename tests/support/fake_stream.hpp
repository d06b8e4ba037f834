#pragma once

#include <relay/transport/stream.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <stdexcept>
#include <string>

namespace relay::test {

/// A stream whose peer is the test: what it reads, takes and fails with is scripted.
class fake_stream final : public transport::stream {
 public:
  using io = transport::io;
  using io_result = transport::io_result;

  std::string incoming;          ///< what may be read now
  bool ended = false;            ///< after `incoming`: the end
  error_code read_error;         ///< after `incoming`: a failure
  std::size_t takes = SIZE_MAX;  ///< how many more bytes a write may place; 0: blocked
  error_code write_error;
  std::size_t unacknowledged = 0;
  std::size_t receive_used = 0;  ///< memory of the kernel
  std::size_t send_used = 0;
  error_code reset;            ///< what `broken` says
  int empty_reads = 0;         ///< so many reads find nothing but ask for another
  std::uint32_t overhead = 0;  ///< of each read
  std::size_t reads_at_most = SIZE_MAX;
  bool spliceable = false;     ///< says that it can, but finds what comes unsuited
  bool uses_headroom = false;  ///< writes in front of what it is given
  int shutdowns_to_block = 0;  ///< so many calls of shutdown_write are blocked
  error_code shutdown_error;
  bool throws = false;  ///< at the next flush

  std::string written;
  bool shut = false;
  bool aborted = false;
  int reads = 0;
  int flushes = 0;
  int splices = 0;
  int questions = 0;            ///< about memory
  int orders = 0;               ///< about queues
  std::size_t most_unsent = 0;  ///< 0: no limit
  bool is_frozen = false;       ///< of the receive buffer
  std::size_t window = 0;       ///< with which it was thawed
  net::waiter* waiter = nullptr;

  void notify(net::waiter* whom) noexcept override { waiter = whom; }

  io_result read_some(std::span<std::byte> into) override {
    ++reads;
    if (empty_reads > 0) return --empty_reads, io_result{io::moved, true, overhead, 0, {}};
    if (incoming.empty()) {
      if (read_error) return {io::failed, false, 0, 0, read_error};
      return {ended ? io::end : io::blocked, false, 0, 0, {}};
    }
    const auto count = std::min({into.size(), incoming.size(), reads_at_most});
    std::memcpy(into.data(), incoming.data(), count);
    incoming.erase(0, count);
    const bool more = !incoming.empty() || ended || read_error;
    return {io::moved, more, overhead, count, {}};
  }

  io_result write_some(std::span<std::byte> data) override {
    if (write_error) return {io::failed, false, 0, 0, write_error};
    if (uses_headroom) std::memset(data.data() - headroom, 0xff, headroom);
    const auto count = std::min(data.size(), takes);
    if (count == 0) return {io::blocked, false, 0, 0, {}};
    written.append(reinterpret_cast<const char*>(data.data()), count);
    if (takes != SIZE_MAX) takes -= count;
    return {io::moved, false, 0, count, {}};
  }

  bool can_splice() const noexcept override { return spliceable; }
  io_result splice_to_pipe(int /*pipe*/, std::size_t /*limit*/) override {
    ++splices;
    return {io::unsuited, false, 0, 0, {}};
  }

  io_result flush() override {
    ++flushes;
    if (throws) throw std::runtime_error("a stream that is broken");
    return {io::moved, false, 0, 0, {}};
  }
  io_result shutdown_write() override {
    if (shutdowns_to_block-- > 0) return {io::blocked, false, 0, 0, {}};
    if (shutdown_error) return {io::failed, false, 0, 0, shutdown_error};
    shut = true;
    return {io::moved, false, 0, 0, {}};
  }
  error_code broken() override { return reset; }
  std::size_t unsent() override { return unacknowledged; }
  std::size_t receive_memory() override {
    ++questions;
    return receive_used;
  }
  std::size_t send_memory() override {
    ++questions;
    return send_used;
  }
  void limit_unsent(std::size_t bytes) noexcept override {
    ++orders;
    most_unsent = bytes;
  }
  void freeze_receive_buffer() noexcept override {
    ++orders;
    is_frozen = true;
  }
  void thaw_receive_buffer(std::size_t with_window) noexcept override {
    ++orders;
    is_frozen = false;
    window = with_window;
  }
  void abort() noexcept override { aborted = true; }
};

inline error_code connection_reset() { return {ECONNRESET, boost::system::system_category()}; }

}  // namespace relay::test
