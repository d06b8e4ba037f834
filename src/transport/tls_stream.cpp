#include "tls_mismatch.hpp"
#include "tls_trust.hpp"

#include <relay/transport/tls_error.hpp>
#include <relay/transport/tls_stream.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

namespace relay::transport {
namespace {

constexpr std::size_t record_bytes = 16384;  // of payload, at most
// Taken at once: a whole copy buffer, and a frame's header before it. Its ciphertext is the most
// that is kept for a slow peer.
constexpr std::size_t most_payload = 64 * 1024 + stream::headroom;
// A peer that asks for answers of TLS's own and does not take them is not listened to beyond this.
constexpr std::size_t most_unsent = most_payload + 16 * 1024;
// What reading costs in bytes that could have been copied meanwhile: a record, whatever is in it,
// and a message without payload, which may mean new keys, an answer, a session to be kept.
constexpr std::uint32_t record_price = 2048;
constexpr std::uint32_t silent_price = 32 * 1024;
// Of one call.
constexpr std::uint32_t most_work = turn_budget / 4;
constexpr std::uint32_t most_records = most_work / record_price;

constexpr io_result blocked{io::blocked, false, 0, 0, {}};
constexpr io_result done{io::moved, false, 0, 0, {}};

// ENOTCONN is what shutdown() says of a connection that the peer has reset meanwhile.
bool is_gone(const error_code& ec) {
  return ec.value() == ECONNRESET || ec.value() == EPIPE || ec.value() == ENOTCONN;
}

io_result failure(const error_code& ec) { return {io::failed, false, 0, 0, ec}; }

std::uint32_t beyond(std::size_t payload, std::uint32_t work) {
  return payload < work ? work - static_cast<std::uint32_t>(payload) : 0;
}

// What others left would be taken for ours. Clearing an empty list costs more than a look at it.
void forget_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

}  // namespace

tls_stream::tls_stream(stream& below, tls_engine& shared, tls_handle session) noexcept
    : below_(below), shared_(shared), ssl_(std::move(session)) {
  if (!ssl_) {
    read_error_ = error_code(ENOMEM, boost::system::system_category());
    return;
  }
  BIO_up_ref(shared_.bio());
  SSL_set_bio(ssl_.get(), shared_.bio(), shared_.bio());  // one reference for both directions
}

tls_stream::tls_stream(tls_stream&& from, stream& below, tls_engine& shared) noexcept
    : below_(below),
      shared_(shared),
      ssl_(std::move(from.ssl_)),
      unsent_(std::move(from.unsent_)),
      unread_(std::move(from.unread_)),
      read_error_(from.read_error_),
      write_error_(from.write_error_),
      silence_(from.silence_),
      missing_(from.missing_),
      overhead_(from.overhead_),
      established_(from.established_),
      owes_ticket_(from.owes_ticket_),
      pending_(from.pending_),
      peer_ended_(from.peer_ended_),
      was_cut_(from.was_cut_),
      said_goodbye_(from.said_goodbye_),
      ended_(from.ended_),
      told_broken_(from.told_broken_) {
  if (!ssl_) return;
  BIO_up_ref(shared_.bio());
  SSL_set_bio(ssl_.get(), shared_.bio(), shared_.bio());
}

// What was moved away has no buffers, and its worker is another one.
tls_stream::~tls_stream() {
  if (!ssl_) return;
  shared_.give_back(std::move(unsent_));
  shared_.give_back(std::move(unread_));
}

io_result tls_stream::handshake() {
  if (read_error_) return failure(read_error_);
  if (!push_kept() && !write_error_) return blocked;
  forget_errors();
  shared_.feed({});
  for (std::size_t work = 0; !established_;) {
    if (unread_) shared_.feed(unread_->rest());
    shared_.allow(most_records);
    const int result = SSL_do_handshake(ssl_.get());
    const int what = SSL_get_error(ssl_.get(), result);
    if (result == 1) {
      established_ = true;
      const bool is_old = SSL_version(ssl_.get()) == TLS1_2_VERSION;
      overhead_ = is_old ? 29 : 22;
      owes_ticket_ = !is_old && SSL_is_server(ssl_.get()) == 1;
    } else if (what != SSL_ERROR_WANT_READ) {
      read_error_ = take_tls_error(ssl_.get());
    }
    work += std::size_t{shared_.records()} * record_price;
    keep_unread();
    push();  // an alert, too
    if (read_error_) return failure(read_error_);
    if (established_) break;
    if (work >= most_work) return {io::blocked, true, most_work, 0, {}};
    if (unread_) continue;
    // After a write that failed too: the peer may have said why, before it reset.
    const auto in = receive(tls_engine::buffer_bytes);
    if (in.what == io::blocked && write_error_) break;
    if (in.what != io::moved) return in;
    work += in.bytes + in.overhead;
  }
  if (write_error_) return failure(write_error_);
  release_buffers();
  return unsent_ ? blocked : done;
}

bool tls_stream::was_resumed() const noexcept { return SSL_session_reused(ssl_.get()) == 1; }

std::string tls_stream::peer_name() const { return transport::peer_name(ssl_.get()); }

std::string tls_stream::mismatch() const { return mismatch_of(ssl_.get()); }

std::string tls_stream::describe() const {
  return std::string(SSL_get_version(ssl_.get())) + ", " + SSL_get_cipher_name(ssl_.get());
}

// One read below, kept where OpenSSL finds it.
io_result tls_stream::receive(std::size_t most) {
  auto in = below_.read_some(shared_.room(most));
  if (in.what == io::end) in = cut_off();
  if (in.what == io::failed) read_error_ = in.ec;
  if (in.what == io::moved) shared_.feed(shared_.room(in.bytes));
  return in;
}

// The end of what is below, without a close_notify before it. Between two records old servers and
// many programs end like that; somebody on the way can, too. Within one something is missing.
io_result tls_stream::cut_off() {
  const bool is_strict = (SSL_get_options(ssl_.get()) & SSL_OP_IGNORE_UNEXPECTED_EOF) == 0;
  const bool within_record = missing_ > 0 || SSL_has_pending(ssl_.get()) == 1;
  if (!established_ || is_strict || within_record) return failure(errc::truncated);
  peer_ended_ = was_cut_ = true;
  return end_of_peer();
}

io_result tls_stream::end_of_peer() const {
  return {io::end, false, 0, 0, was_cut_ ? make_error_code(errc::truncated) : error_code()};
}

// Some of it ends in the middle of a record, and what a read gives then must fit where it is
// wanted: for whole records that means as many of them as fit, time after time.
std::size_t tls_stream::best_read(std::size_t into) const noexcept {
  const auto records = into / record_bytes;
  if (missing_ == 0) return into + std::max<std::size_t>(records, 1) * overhead_;
  return missing_ + (records > 0 ? into - record_bytes + (records - 1) * overhead_ : 0);
}

io_result tls_stream::read_some(std::span<std::byte> into) {
  assert(established_ && !into.empty());
  for (std::uint32_t work = 0;;) {
    if (peer_ended_) return end_of_peer();
    if (read_error_) return failure(read_error_);
    bool more = true;
    if (unread_) {
      shared_.feed(unread_->rest());
    } else if (pending_) {
      shared_.feed({});
    } else {
      if (kept_to_send() > most_unsent && !push_kept() && !write_error_) return blocked;
      const auto in = receive(best_read(into.size()));
      if (in.what != io::moved) return in;
      more = in.again;
      work += in.overhead + static_cast<std::uint32_t>(in.bytes);
    }
    bool had_message = false;
    const auto got = decrypt(into, work, had_message);
    keep_unread();
    push();
    const bool again = more || unread_ || peer_ended_ || read_error_ || pending_;
    // OpenSSL gives them back by itself behind a record of payload. A message of its own takes
    // both, also where payload follows: 20 KiB for the rest of an idle life.
    if (had_message || (!again && got == 0)) release_buffers();
    if (got > 0) return {io::moved, again, beyond(got, work), got, {}};
    if (!again) return blocked;
    if (work >= most_work) return {io::moved, true, work, 0, {}};
  }
}

// As many records as there are and fit, and as may be worked on in one call.
std::size_t tls_stream::decrypt(std::span<std::byte> into, std::uint32_t& work, bool& had_message) {
  forget_errors();
  std::size_t got = 0;
  while (got < into.size() && !peer_ended_ && !read_error_ &&
         (!shared_.unread().empty() || pending_)) {
    const auto before = shared_.records();
    const auto silent = read_record(into, got);
    work += (shared_.records() - before) * record_price;
    if (silent > 0) work += price_of(silent);
    had_message = had_message || silent > 0;
    if (beyond(got, work) >= most_work) break;
  }
  return got;
}

// Returns how many messages without payload it has met: OpenSSL stops behind each, but for empty
// records, of which it refuses 32 in a row.
std::uint32_t tls_stream::read_record(std::span<std::byte> into, std::size_t& got) {
  auto* const ssl = ssl_.get();
  const auto before = shared_.records();
  shared_.allow(most_records);
  std::size_t count = 0;
  const int result = SSL_read_ex(ssl, into.data() + got, into.size() - got, &count);
  const auto records = shared_.records() - before;
  got += count;
  if (result == 1) {
    // What is read of a record is all of it, unless there was no room for more.
    pending_ = got == into.size() && SSL_pending(ssl) > 0;
    return records > 1 ? records - 1 : 0;
  }
  stop_reading(result);
  // Behind a message there may be another in the same record, which no input announces.
  pending_ = !shared_.is_dry() && !peer_ended_ && !read_error_;
  if (pending_) return std::max(records, 1U);
  return records > 1 ? records - 1 : 0;  // the last is not whole, or has ended it
}

// A peer that goes on with them is served last, and if that does not help, not at all.
std::uint32_t tls_stream::price_of(std::uint32_t silent) {
  switch (silence_.take(silent, std::chrono::steady_clock::now())) {
    case empty_budget::verdict::within:
      return silent * silent_price;
    case empty_budget::verdict::over:
      return turn_budget;
    case empty_budget::verdict::flood:
      break;
  }
  if (!read_error_) read_error_ = errc::flood;
  return turn_budget;
}

void tls_stream::stop_reading(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return;
    case SSL_ERROR_ZERO_RETURN:
      peer_ended_ = true;
      return;
    default:
      read_error_ = take_tls_error(ssl_.get());
  }
}

// What OpenSSL has not taken is announced by nobody any more.
void tls_stream::keep_unread() {
  const auto rest = shared_.unread();
  missing_ = static_cast<std::uint16_t>(shared_.missing());
  if (rest.empty() || peer_ended_ || read_error_) {
    shared_.give_back(std::move(unread_));
  } else if (unread_) {
    unread_->at = unread_->bytes.size() - rest.size();
  } else {
    unread_ = shared_.keep(rest);
  }
  shared_.feed({});
}

io_result tls_stream::write_some(std::span<std::byte> data) {
  assert(established_ && !said_goodbye_);
  if (!push_kept() && !write_error_) return blocked;
  if (write_error_) return failure(write_error_);
  forget_errors();
  const bool with_ticket = std::exchange(owes_ticket_, false);
  if (with_ticket) {
    static_cast<void>(SSL_new_session_ticket(ssl_.get()));  // without, nobody resumes: no more
  }
  const auto taken = std::min(data.size(), most_payload);
  std::size_t count = 0;
  if (SSL_write_ex(ssl_.get(), data.data(), taken, &count) != 1) {
    write_error_ = take_tls_error(ssl_.get());
    shared_.clear_output();
    return failure(write_error_);
  }
  push();
  if (with_ticket) release_buffers();  // a message takes that for reading as well
  if (write_error_) return failure(write_error_);
  return {io::moved, false, 0, count, {}};
}

// Sends what OpenSSL has written, behind what is still waiting; keeps what is not taken below.
void tls_stream::push() {
  auto rest = shared_.output();
  if (rest.empty()) return;
  if (unsent_) {
    unsent_->bytes.insert(unsent_->bytes.end(), rest.begin(), rest.end());
    rest = {};
  }
  if (ended_) rest = {};  // an answer that nobody can be given any more
  while (!rest.empty() && !write_error_) {
    const auto out = below_.write_some(rest);
    if (out.what == io::failed) write_error_ = out.ec;
    if (out.what == io::blocked) {
      unsent_ = shared_.keep(rest);
      break;
    }
    rest = rest.subspan(out.bytes);
  }
  shared_.clear_output();
}

// True when nothing is left; false: blocked, or failed with `write_error_`.
bool tls_stream::push_kept() {
  while (unsent_ && !write_error_) {
    const auto out = below_.write_some(unsent_->rest());
    if (out.what == io::blocked) return false;
    if (out.what == io::failed) write_error_ = out.ec;
    unsent_->at += out.bytes;
    if (write_error_ || unsent_->rest().empty()) shared_.give_back(std::move(unsent_));
  }
  return !write_error_;
}

// A write that fails here is told by the next one, by the shutdown or by `broken`: what the peer
// had sent before is to be read first, as it is where no TLS is.
io_result tls_stream::flush() {
  if (!push_kept() && !write_error_) return blocked;
  return below_.flush();
}

io_result tls_stream::shutdown_write() {
  if (ended_) return done;
  bool may_be_gone = false;
  if (!said_goodbye_) {
    // Who has ended and got all of the payload may have closed: nobody waits for our goodbye.
    may_be_gone = peer_ended_ && !write_error_ && unsent() == 0;
    forget_errors();
    // It does not wait for the peer's: half-closed, we go on reading.
    if (SSL_shutdown(ssl_.get()) < 0) {
      const auto why = take_tls_error(ssl_.get());
      if (!write_error_) write_error_ = read_error_ ? read_error_ : why;
    }
    said_goodbye_ = true;
    push();
  }
  if (!push_kept() && !write_error_) return blocked;
  auto out = write_error_ ? failure(write_error_) : done;
  if (!write_error_) {
    release_buffers();
    out = below_.shutdown_write();
  }
  if (may_be_gone && out.what == io::failed && is_gone(out.ec)) out = done;
  ended_ = out.what == io::moved;
  return out;
}

error_code tls_stream::broken() {
  if (const auto ec = below_.broken()) return ec;
  return std::exchange(told_broken_, static_cast<bool>(write_error_)) ? error_code() : write_error_;
}

std::size_t tls_stream::unsent() { return kept_to_send() + below_.unsent(); }

void tls_stream::release_buffers() noexcept { SSL_free_buffers(ssl_.get()); }

}  // namespace relay::transport
