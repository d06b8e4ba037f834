#pragma once

#include <relay/transport/empty_budget.hpp>
#include <relay/transport/stream.hpp>
#include <relay/transport/tls_context.hpp>
#include <relay/transport/tls_engine.hpp>

#include <cstdint>
#include <memory>
#include <span>

namespace relay::transport {

/// TLS over another stream, which it borrows. First `handshake` until that says `moved`; from then
/// on it is a stream like any other. An end is close_notify. The end of what is below without one
/// is an end too, with the error errc::truncated; or a failure with that error, where the rules are
/// strict or a record has begun. Idle, it holds what OpenSSL cannot do without.
class tls_stream final : public stream {
 public:
  tls_stream(stream& below, tls_engine& shared, tls_handle session) noexcept;
  /// Goes on over another stream, on the worker of `shared`. Of `from` nothing is left.
  tls_stream(tls_stream&& from, stream& below, tls_engine& shared) noexcept;
  tls_stream(const tls_stream&) = delete;
  tls_stream& operator=(const tls_stream&) = delete;
  ~tls_stream() override;

  /// Goes on with the handshake. `moved`: it is done and all of it is on its way; `blocked`: call
  /// it again after the wake-up, or with `again`, after the others have had their turn; `failed`:
  /// `ec` says why in words that can stand in a line.
  io_result handshake();
  /// Whether a session was resumed, so that no certificate was shown.
  bool was_resumed() const noexcept;
  /// Whom the certificate of the peer is for; empty: it has shown none.
  std::string peer_name() const;
  /// After a handshake that failed because the certificate is for somebody else: which name was
  /// wanted, and which it has. Otherwise empty.
  std::string mismatch() const;
  /// "TLSv1.3, TLS_AES_128_GCM_SHA256".
  std::string describe() const;
  /// Holds ciphertext that an idle stream would not.
  bool holds_bytes() const noexcept { return unsent_ != nullptr || unread_ != nullptr; }

  void notify(net::waiter* whom) noexcept override { below_.notify(whom); }
  io_result read_some(std::span<std::byte> into) override;
  io_result write_some(std::span<std::byte> data) override;
  io_result flush() override;
  io_result shutdown_write() override;
  error_code broken() override;
  std::size_t unsent() override;
  std::size_t receive_memory() override { return below_.receive_memory(); }
  std::size_t send_memory() override { return below_.send_memory(); }
  void limit_unsent(std::size_t bytes) noexcept override { below_.limit_unsent(bytes); }
  void freeze_receive_buffer() noexcept override { below_.freeze_receive_buffer(); }
  void thaw_receive_buffer(std::size_t window) noexcept override {
    below_.thaw_receive_buffer(window);
  }
  void abort() noexcept override { below_.abort(); }

 private:
  io_result receive(std::size_t most);
  std::size_t decrypt(std::span<std::byte> into, std::uint32_t& work, bool& had_message);
  std::uint32_t read_record(std::span<std::byte> into, std::size_t& got);
  void stop_reading(int result);
  std::uint32_t price_of(std::uint32_t silent);
  void keep_unread();
  io_result cut_off();
  io_result end_of_peer() const;
  void push();
  bool push_kept();
  void release_buffers() noexcept;
  std::size_t kept_to_send() const noexcept {
    return unsent_ ? unsent_->bytes.size() - unsent_->at : 0;
  }
  std::size_t best_read(std::size_t into) const noexcept;

  stream& below_;
  tls_engine& shared_;
  tls_handle ssl_;
  std::unique_ptr<tls_kept> unsent_;  // what below did not take
  std::unique_ptr<tls_kept> unread_;  // what came behind what OpenSSL could take
  error_code read_error_;             // told when everything before it has been read
  error_code write_error_;
  empty_budget silence_;        // tickets, key updates, empty records
  std::uint16_t missing_ = 0;   // bytes of the record that OpenSSL holds a part of
  std::uint8_t overhead_ = 22;  // bytes that a record adds to its payload
  bool established_ = false;
  bool owes_ticket_ = false;   // a server's, in TLS 1.3; it leaves with the first payload
  bool pending_ = false;       // OpenSSL holds something for which there was no room, or no time
  bool peer_ended_ = false;    // close_notify has come,
  bool was_cut_ = false;       // or rather, has not
  bool said_goodbye_ = false;  // ours is written
  bool ended_ = false;         // and the end passed on below: nothing may follow
  bool told_broken_ = false;
};

}  // namespace relay::transport
