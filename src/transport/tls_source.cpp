#include "tls_source.hpp"

#include <openssl/ssl.h>

#include <utility>

namespace relay::transport {

parsed<std::shared_ptr<tls_source>> tls_source::open(std::vector<std::string> files, maker make) {
  auto made = std::make_shared<tls_source>();
  // Before they are read, so that a change meanwhile is seen as one.
  made->seen_ = stamps_of(files);
  auto first = make();
  if (!first) return parsed<std::shared_ptr<tls_source>>::bad(std::move(first.wrong));
  made->current_ = *first;
  made->files_ = std::move(files);
  made->make_ = std::move(make);
  static_cast<void>(made->remind(std::chrono::system_clock::now()));  // told at the start
  return parsed<std::shared_ptr<tls_source>>::good(std::move(made));
}

context_ptr tls_source::current() const {
  const std::lock_guard only(current_mutex_);
  return current_;
}

tls_refresh tls_source::refresh(time_point now) {
  if (files_.empty()) return {};
  const std::unique_lock only(looking_, std::try_to_lock);
  if (!only || now < next_look_) return {};
  next_look_ = now + recheck;
  auto made = look();
  if (made.renewed) reminder_.reset();
  made.warning = remind(std::chrono::system_clock::now());
  return made;
}

std::string tls_source::remind(std::chrono::system_clock::time_point now) {
  if (!reminder_.is_due(now)) return {};
  const auto why = reminder_.look(validity_of(SSL_CTX_get0_certificate(current().get())), now);
  return why.empty() ? why : "the certificate in use " + why;
}

// Certificate and key are two files and change one after the other, and a file may be seen half
// written: what cannot be used is tried once more at the next look before anybody hears of it.
tls_refresh tls_source::look() {
  auto found = stamps_of(files_);
  if (found != seen_) {
    seen_ = std::move(found);
    failures_ = 0;
  } else if (failures_ != 1) {
    return {};
  }
  auto made = make_();
  if (!made) {
    ++failures_;
    return {false, failures_ > 1 ? std::move(made.wrong) : std::string(), {}};
  }
  failures_ = 0;
  const std::lock_guard only(current_mutex_);
  current_ = *made;
  return {true, {}, {}};
}

}  // namespace relay::transport
