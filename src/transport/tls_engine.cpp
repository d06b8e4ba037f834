#include "openssl.hpp"

#include <relay/transport/stream.hpp>
#include <relay/transport/tls_engine.hpp>

#include <openssl/bio.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace relay::transport {
namespace {

constexpr std::size_t header_bytes = 5;  // of a record
constexpr std::size_t spare_most = 8;

}  // namespace

/// OpenSSL's view of an engine: reads what was fed, writes into the output, never waits.
struct tls_bio {
  static tls_engine& of(BIO* bio) { return *static_cast<tls_engine*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* into, std::size_t wanted, std::size_t* count) {
    auto& from = of(bio);
    BIO_clear_retry_flags(bio);
    // It asks for a header, then for the whole body. (The body of an alert is as short as a header,
    // and counts as a record more.)
    const bool is_header = wanted <= header_bytes;
    *count = is_header && from.allowed_ == 0 ? 0 : std::min(wanted, from.input_.size());
    from.missing_ = is_header ? 0 : wanted - *count;
    if (*count == 0) {
      from.is_dry_ = true;
      BIO_set_retry_read(bio);
      return 0;
    }
    std::memcpy(into, from.input_.data(), *count);
    from.input_ = from.input_.subspan(*count);
    if (is_header && *count == wanted) {
      ++from.records_;
      --from.allowed_;
    }
    return 1;
  }

  static int write(BIO* bio, const char* data, std::size_t size, std::size_t* count) {
    BIO_clear_retry_flags(bio);
    auto& output = of(bio).output_;
    const auto* const bytes = reinterpret_cast<const std::byte*>(data);
    output.insert(output.end(), bytes, bytes + size);
    *count = size;
    return 1;
  }

  static long control(BIO* /*bio*/, int what, long /*number*/, void* /*where*/) {
    return what == BIO_CTRL_FLUSH ? 1 : 0;
  }

  static int create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }

  static const BIO_METHOD* method() {
    static const std::unique_ptr<BIO_METHOD, freed_by<& BIO_meth_free>> made = [] {
      auto* const how = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "relay worker");
      if (how == nullptr) throw std::bad_alloc();
      BIO_meth_set_read_ex(how, &read);
      BIO_meth_set_write_ex(how, &write);
      BIO_meth_set_ctrl(how, &control);
      BIO_meth_set_create(how, &create);
      return std::unique_ptr<BIO_METHOD, freed_by<&BIO_meth_free>>(how);
    }();
    return made.get();
  }
};

tls_engine::tls_engine(net::poller& on)
    : poller_(on), room_(new std::byte[buffer_bytes]), output_(stream::headroom) {
  output_.reserve(stream::headroom + buffer_bytes);
  bio_ = BIO_new(tls_bio::method());
  if (bio_ == nullptr) throw std::bad_alloc();
  BIO_set_data(bio_, this);
}

tls_engine::~tls_engine() { BIO_free(bio_); }

std::span<std::byte> tls_engine::room(std::size_t most) noexcept {
  return {room_.get(), std::min(most, buffer_bytes)};
}

void tls_engine::feed(std::span<const std::byte> bytes) noexcept {
  input_ = bytes;
  missing_ = 0;
  records_ = 0;
}

std::span<std::byte> tls_engine::output() noexcept {
  return std::span(output_).subspan(stream::headroom);
}

void tls_engine::clear_output() noexcept {
  output_.resize(stream::headroom);
  if (output_.capacity() > 2 * buffer_bytes) {  // a very long chain of certificates
    output_.shrink_to_fit();
    output_.reserve(stream::headroom + buffer_bytes);
  }
}

std::unique_ptr<tls_kept> tls_engine::keep(std::span<const std::byte> bytes) {
  std::unique_ptr<tls_kept> kept;
  if (spare_.empty()) {
    kept = std::make_unique<tls_kept>();
  } else {
    kept = std::move(spare_.back());
    spare_.pop_back();
  }
  kept->at = 0;
  kept->bytes.assign(bytes.begin(), bytes.end());
  return kept;
}

void tls_engine::give_back(std::unique_ptr<tls_kept> used) noexcept {
  if (!used || spare_.size() >= spare_most || used->bytes.capacity() > 2 * buffer_bytes) return;
  used->bytes.clear();
  spare_.push_back(std::move(used));
}

}  // namespace relay::transport
